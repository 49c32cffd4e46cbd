//! Who may do what with a file: `chmod`, `stat`, and the first column of `ls -l`.

use super::Lines;
use crate::machine::files::{Node, normalize};
use crate::machine::shell::World;

/// `drwxr-xr-x`.
pub(super) fn text(node: &Node, mode: u16) -> String {
    let kind = if *node == Node::Directory { 'd' } else { '-' };
    let bits = (0..9).map(|bit| match mode & (0o400 >> bit) {
        0 => '-',
        _ => ['r', 'w', 'x'][bit % 3],
    });
    std::iter::once(kind).chain(bits).collect()
}

/// The permission bits that `change` (`644`, `u+x`, `go-w`, `a=r`) makes of `old`.
fn changed(old: u16, change: &str) -> Option<u16> {
    if let Ok(mode) = u16::from_str_radix(change, 8) {
        return (mode <= 0o7777).then_some(mode);
    }
    change.split(',').try_fold(old, |mode, clause| {
        let (who, rest) = clause.split_at(clause.find(['+', '-', '='])?);
        let (how, what) = rest.split_at(1);
        let whom = who.chars().try_fold(0, |whom, c| {
            Some(whom | *[0o700, 0o070, 0o007, 0o777].get("ugoa".find(c)?)?)
        })?;
        let whom = if who.is_empty() { 0o777 } else { whom };
        let bits = what.chars().try_fold(0, |bits, c| {
            Some(bits | *[0o444, 0o222, 0o111, 0o111].get("rwxX".find(c)?)?)
        })?;
        Some(match how {
            "+" => mode | (whom & bits),
            "-" => mode & !(whom & bits),
            _ => mode & !whom | (whom & bits),
        })
    })
}

/// `chmod MODE FILE…`.
pub(super) fn chmod(args: &[String], cwd: &str, world: &mut World) -> Lines {
    // A mode may begin with a dash, as an option does.
    let is_option = |word: &String| matches!(word.as_str(), "-R" | "-v" | "-f" | "-c" | "--");
    let mut words = args.iter().filter(|word| !is_option(word));
    let Some(change) = words.next() else {
        return (String::new(), vec!["missing operand".to_owned()]);
    };
    let errors = words.filter_map(|path| {
        let full = normalize(cwd, path);
        let Some(mode) = changed(world.files.mode(&full), change) else {
            return Some(format!("invalid mode '{change}'"));
        };
        world.files.set_mode(&full, mode).err().map(|why| format!("{path}: {why}"))
    });
    (String::new(), errors.collect())
}

/// `stat [-f] -c FORMAT FILE…`.
pub(super) fn stat(args: &[String], cwd: &str, world: &World) -> Lines {
    let (mut out, mut errors, mut format, mut of_system) =
        (String::new(), Vec::new(), String::new(), false);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-c" => format = words.next().cloned().unwrap_or_default(),
            "-f" => of_system = true,
            "-L" => {}
            path => {
                let full = normalize(cwd, path);
                match world.files.get(&full) {
                    None => {
                        errors.push(format!("can't stat '{path}': No such file or directory"));
                    }
                    Some(_) if of_system => {
                        let kind =
                            if world.files.is_in_memory(&full) { "tmpfs" } else { "ext2/ext3" };
                        out.push_str(&format!("{}\n", format.replace("%T", kind)));
                    }
                    Some(node) => {
                        let mode = world.files.mode(&full);
                        let named = match node {
                            Node::Directory => "directory",
                            _ => "regular file",
                        };
                        let usual = "  File: %n\n  Size: %s\t%F\nAccess: (0%a/%A)  Uid: (%u/root)   Gid: (%g/root)";
                        let format = if format.is_empty() { usual } else { &format };
                        let line = format
                            .replace("%n", path)
                            .replace("%s", &node.size().to_string())
                            .replace("%a", &format!("{mode:o}"))
                            .replace("%A", &text(&node, mode))
                            .replace("%F", named)
                            .replace("%u", "0")
                            .replace("%g", "0");
                        out.push_str(&(line + "\n"));
                    }
                }
            }
        }
    }
    (out, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_numbers_or_changes() {
        assert_eq!(changed(0o644, "0600"), Some(0o600));
        assert_eq!(changed(0o644, "u+x,go-r"), Some(0o700));
        assert_eq!(changed(0o644, "a=rX"), Some(0o555));
        assert_eq!(changed(0o644, "+x"), Some(0o755));
        assert_eq!(changed(0o644, "z+x"), None);
        assert_eq!(changed(0o644, "99"), None);
        assert_eq!(text(&Node::Directory, 0o750), "drwxr-x---");
    }
}
