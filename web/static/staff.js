// Small helps for staff; every page works without them.
"use strict";

// After a refused form: go to what must be changed.
const problem = document.querySelector(".staff .problem[role=alert]");
if (problem) {
  const bad = document.querySelector(".staff [aria-invalid=true]");
  (bad || problem).focus();
}

// A second press while the first is on its way would only meet a conflict.
for (const form of document.querySelectorAll(".staff form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  });
}
