/** Light or dark as somebody chose it, before anything is drawn. Loaded in the head, without `defer`: no flash of the other one. */
(() => {
  const KEEP = "daguanjia.theme";
  const root = document.documentElement;
  let chosen = null;
  try { chosen = localStorage.getItem(KEEP); } catch { /* a browser that keeps nothing: what the system prefers */ }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  window.daguanjiaTheme = {
    dark: () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark",
    turn() {
      root.dataset.theme = this.dark() ? "light" : "dark";
      try { localStorage.setItem(KEEP, root.dataset.theme); } catch { /* then for this page alone */ }
      dispatchEvent(new Event("daguanjia-theme"));
    },
  };
})();
