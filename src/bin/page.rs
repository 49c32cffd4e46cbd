//! The page: mounts the app into the document. It exists for WebAssembly only.

#[cfg(target_arch = "wasm32")]
fn main() {
    yew::Renderer::<Placeholder>::new().render();
}

/// What is shown until the app is there.
#[cfg(target_arch = "wasm32")]
#[yew::component]
fn Placeholder() -> yew::Html {
    yew::html! { <main><h1>{ "Tabernetes" }</h1></main> }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in a browser: `cargo xtask serve` builds and serves it.");
}
