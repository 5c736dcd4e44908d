// Receipt and status pages: copy, print, picture, quick exit. Everything there works without it.
"use strict";

const number = document.querySelector("[data-number]")?.textContent;
const code = document.querySelector("[data-code]")?.textContent;
const told = document.querySelector("[data-told]");

document.querySelectorAll("[data-quick-exit]").forEach((link) =>
  link.addEventListener("click", (event) => {
    event.preventDefault();
    sessionStorage.clear();
    location.replace(link.href);
  }),
);
// The report is filed: its draft goes from the device.
if (document.querySelector("[data-filed]")) sessionStorage.clear();

const copy = document.querySelector("[data-copy]");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(`编号 ${number}\n查询码 ${code}`);
      told.textContent = "已复制,请粘贴到安全的地方。";
    } catch {
      told.textContent = "没有复制成功,请手抄或截图。";
    }
  });
}

const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
document.getElementById("problem")?.focus();
