fn store() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// The text kept under `key`.
pub fn get(key: &str) -> Option<String> {
    store()?.get_item(key).ok().flatten()
}

/// Keeps `text` under `key`; false if the browser refused (private mode, quota).
pub fn set(key: &str, text: &str) -> bool {
    store().is_some_and(|store| store.set_item(key, text).is_ok())
}

/// Forgets what was kept under `key`.
pub fn remove(key: &str) {
    if let Some(store) = store() {
        // Removing cannot fail in a way that matters: either it is gone or it was never there.
        let _gone = store.remove_item(key);
    }
}
