//! `tabernetes serve`: a cluster behind an HTTP server. The cluster lives on one thread; HTTP
//! connections talk to it over a channel.

mod control;
mod driver;
mod framing;
mod http;
mod lines;
mod messages;
mod options;
mod sha1;
mod spdy;
mod state;
mod upgrade;
pub mod websocket;

use std::net::SocketAddr;

use options::Options;

/// Serves until it is stopped.
pub fn serve(words: &[String]) -> Result<(), String> {
    let options = Options::parse(words)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| format!("no runtime: {why}"))?;
    runtime.block_on(run(options))
}

async fn run(options: Options) -> Result<(), String> {
    let listen = |port: u16| {
        let address = SocketAddr::new(options.address, port);
        async move {
            let listener = tokio::net::TcpListener::bind(address).await;
            listener.map_err(|why| format!("{address} cannot be had: {why}"))
        }
    };
    let listener = listen(options.port).await?;
    let address = listener.local_addr().map_err(|why| why.to_string())?;
    let control = match options.control_port {
        Some(port) => Some(listen(port).await?),
        None => None,
    };
    write_kubeconfig(&options.kubeconfig, address)?;
    let (driver, ended) = driver::start(&options)?;
    println!("serving on http://{address}");
    if let Some(control) = control {
        let address = control.local_addr().map_err(|why| why.to_string())?;
        println!("control service on http://{address}");
        tokio::spawn(http::listen(control, control::routes(driver.clone())));
    }
    tokio::select! {
        outcome = http::listen(listener, http::routes(driver.clone())) => outcome?,
        () = stopped() => {}
        outcome = ended => return outcome.unwrap_or_else(|_| Err("the cluster has stopped".to_owned())),
    }
    driver.stop().await;
    Ok(())
}

/// Waits until somebody wants this to end.
async fn stopped() {
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

/// Writes how to connect. Plain HTTP has no certificates to verify, which some clients want to be
/// told.
fn write_kubeconfig(path: &str, address: SocketAddr) -> Result<(), String> {
    let text = format!(
        "apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: tabernetes\n\
         \x20 cluster:\n\
         \x20   server: http://{address}\n\
         \x20   insecure-skip-tls-verify: true\n\
         contexts:\n\
         - name: tabernetes\n\
         \x20 context:\n\
         \x20   cluster: tabernetes\n\
         \x20   user: kubernetes-admin\n\
         current-context: tabernetes\n\
         users:\n\
         - name: kubernetes-admin\n\
         \x20 user: {{}}\n"
    );
    state::replace(path, text.as_bytes()).map_err(|why| format!("{path}: {why}"))
}
