// Loads the page's WebAssembly. The script element says where the build put it.
const { bindings, module } = document.querySelector("script[data-module]").dataset;

try {
  const { default: start } = await import(new URL(bindings, document.baseURI).href);
  await start({ module_or_path: new URL(module, document.baseURI).href });
} catch (error) {
  const message = document.createElement("p");
  message.setAttribute("role", "alert");
  message.textContent = `Tabernetes could not start: ${error}`;
  document.body.append(message);
  throw error;
}
