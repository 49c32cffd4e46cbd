//! What the command line says.

use std::net::IpAddr;

use tabernetes::controllers::Settings;

/// How fast simulated time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// So many simulated seconds a second.
    Times(u32),
    /// As fast as it can be computed.
    Max,
}

/// The options of `serve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to answer.
    pub port: u16,
    /// On which address.
    pub address: IpAddr,
    /// How many workers.
    pub nodes: u32,
    /// The seed.
    pub seed: u64,
    /// How fast time passes.
    pub speed: Speed,
    /// Where to write the kubeconfig.
    pub kubeconfig: String,
    /// Where to answer the control service.
    pub control_port: Option<u16>,
    /// Whether Pods are run.
    pub kubelets: bool,
    /// Where the cluster is kept.
    pub state: Option<String>,
    /// What flags of kube-controller-manager set.
    pub settings: Settings,
}

impl Options {
    /// Reads the words after `serve`.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self {
            port: 8001,
            address: IpAddr::from([127, 0, 0, 1]),
            nodes: 2,
            seed: 1,
            speed: Speed::Times(1),
            kubeconfig: "tabernetes.kubeconfig".to_owned(),
            control_port: None,
            kubelets: true,
            state: None,
            settings: Settings::default(),
        };
        let mut allows_remote = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if name == "--allow-remote" {
                allows_remote = true;
                continue;
            }
            let mut value = || {
                let next = value.clone().or_else(|| words.next().cloned());
                next.ok_or_else(|| format!("{name} needs a value"))
            };
            match name {
                "--port" => options.port = number(name, &value()?)?,
                "--address" => options.address = number(name, &value()?)?,
                "--nodes" => options.nodes = number(name, &value()?)?,
                "--seed" => options.seed = number(name, &value()?)?,
                "--speed" => options.speed = speed(&value()?)?,
                "--kubeconfig" => options.kubeconfig = value()?,
                "--control-port" => options.control_port = Some(number(name, &value()?)?),
                "--kubelet" => {
                    options.kubelets = match value()?.as_str() {
                        "on" => true,
                        "off" => false,
                        other => return Err(format!("--kubelet is on or off, not {other:?}")),
                    }
                }
                "--state" => options.state = Some(value()?),
                flag if Settings::FLAGS.iter().any(|(known, _)| *known == flag) => {
                    let why = |why| format!("{flag}: {why}");
                    options.settings.set(flag, &value()?).map_err(why)?;
                }
                _ => return Err(format!("there is no option {word:?}")),
            }
        }
        if !options.address.is_loopback() && !allows_remote {
            let address = options.address;
            return Err(format!(
                "{address} can be reached by others, who would be administrators: \
                 --allow-remote if that is meant"
            ));
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{name} does not take {text:?}"))
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let times = text.parse().ok().filter(|times| *times > 0);
    times.map(Speed::Times).ok_or_else(|| format!("--speed does not take {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn both_forms_of_a_flag_are_read() {
        let options = parse("--port 9 --seed=7 --speed=max --kubelet off").unwrap();
        assert_eq!((options.port, options.seed, options.speed), (9, 7, Speed::Max));
        assert!(!options.kubelets);
        let options = parse("--node-monitor-grace-period=16s").unwrap();
        assert_eq!(options.settings.node_monitor_grace, std::time::Duration::from_secs(16));
    }

    #[test]
    fn nobody_else_is_let_in_by_accident() {
        assert!(parse("--address 0.0.0.0").unwrap_err().contains("--allow-remote"));
        assert!(parse("--address 0.0.0.0 --allow-remote").is_ok());
        assert!(parse("--address ::1").is_ok());
    }

    #[test]
    fn mistakes_are_told() {
        assert_eq!(parse("--port x").unwrap_err(), "--port does not take \"x\"");
        assert_eq!(parse("--port").unwrap_err(), "--port needs a value");
        assert_eq!(parse("--prot 1").unwrap_err(), "there is no option \"--prot\"");
        assert_eq!(
            parse("--node-monitor-period soon").unwrap_err(),
            "--node-monitor-period: time: invalid duration \"soon\""
        );
        assert_eq!(parse("--speed 0").unwrap_err(), "--speed does not take \"0\"");
    }
}
