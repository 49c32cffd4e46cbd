// Loads the page's WebAssembly. The script element says where the build put it.
const { bindings, module } = document.querySelector("script[data-module]").dataset;

// A failure ends the program whatever its cause. A panic reports itself; a full stack or memory, or
// a document that refuses, is reported here, in the overlay that the program prepared at its start.
const failed = (reason) => {
  const overlay = document.getElementById("failure");
  if (!overlay || !/wasm/.test(reason?.stack ?? "")) return;
  if (overlay.hidden) overlay.querySelector("pre").textContent = String(reason);
  overlay.hidden = false;
  document.querySelector(".page")?.setAttribute("inert", "");
  overlay.querySelector("a").focus();
};
addEventListener("error", (event) => failed(event.error));
addEventListener("unhandledrejection", (event) => failed(event.reason));

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
