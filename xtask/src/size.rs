//! What a visitor downloads: every file of `dist/`, raw and as brotli compresses it. What is loaded
//! only when it is asked for is told apart.

use crate::Result;
use crate::build::SCHEMAS;
use crate::process::output;
use crate::tools::Tools;

/// What a first visit should download at most, in bytes after brotli. More is told, loudly.
const BUDGET: u64 = 1_200_000;
/// What it may download at most: beyond, the build is refused.
const LIMIT: u64 = 1_350_000;

/// Prints one line a file: raw size, brotli size, name.
const MEASURE: &str = "
const fs = require('fs'), path = require('path'), zlib = require('zlib');
const best = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 } };
const walk = folder => fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
  const file = path.join(folder, entry.name);
  return entry.isDirectory() ? walk(file) : [file];
});
for (const file of walk('dist').sort()) {
  const bytes = fs.readFileSync(file);
  console.log(bytes.length, zlib.brotliCompressSync(bytes, best).length, file);
}";

/// Prints the sizes; an error when they exceed the limit.
pub fn run(tools: &Tools) -> Result {
    let lines = output(tools.command("node").args(["-e", MEASURE]))
        .ok_or("cannot measure dist/: `cargo xtask build` makes it")?;
    let mut total = (0, 0);
    println!("{:>10} {:>10}  file", "raw", "brotli 11");
    for line in lines.lines() {
        let mut words = line.splitn(3, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (Some(raw), Some(packed)) = (number(), number()) else {
            return Err(format!("cannot read the size in `{line}`"));
        };
        let file = words.next().unwrap_or_default();
        let is_later = file.ends_with(SCHEMAS);
        let note = if is_later { " (not part of the first load)" } else { "" };
        println!("{raw:>10} {packed:>10}  {file}{note}");
        if !is_later {
            total = (total.0 + raw, total.1 + packed);
        }
    }
    println!("{:>10} {:>10}  total; the budget is {BUDGET} bytes after brotli", total.0, total.1);
    if total.1 > BUDGET {
        println!("OVER BUDGET by {} bytes; the limit is {LIMIT}", total.1 - BUDGET);
    }
    if total.1 > LIMIT {
        return Err(format!("dist/ is {} bytes over its limit", total.1 - LIMIT));
    }
    Ok(())
}
