//! The page: mounts the app into the document. It exists for WebAssembly only.

#[cfg(target_arch = "wasm32")]
fn main() {
    tabernetes::ui::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in a browser: `cargo xtask serve` builds and serves it.");
}
