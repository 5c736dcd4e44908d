// Makes the plain form nicer where JavaScript runs: position button, draft kept on the device until sent, no double press.
"use strict";

const DRAFT = "report-draft";
const KEPT = ["what", "place", "company", "happened"]; // never the contact: it must not lie around on a phone
const form = document.querySelector("[data-report]");

document.querySelectorAll("[data-quick-exit]").forEach((link) =>
  link.addEventListener("click", (event) => {
    event.preventDefault();
    sessionStorage.clear();
    location.replace(link.href); // the back button does not lead here again
  }),
);

function setUpPosition(root) {
  const box = root.querySelector("[data-position]");
  if (!box || !navigator.geolocation) return;
  const { lng, lat } = root.elements;
  const told = box.querySelector("[data-position-text]");
  const forget = box.querySelector("[data-forget-position]");
  box.hidden = false;
  box.querySelector("[data-locate]").addEventListener("click", () => {
    told.textContent = "正在定位……";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        lng.value = coords.longitude.toFixed(6);
        lat.value = coords.latitude.toFixed(6);
        told.textContent = `已带上位置(误差约 ${Math.round(coords.accuracy)} 米)`;
        forget.hidden = false;
      },
      () => { told.textContent = "没有取到位置,请用文字写明地点。"; },
      { enableHighAccuracy: true, timeout: 15000 },
    );
  });
  forget.addEventListener("click", () => {
    lng.value = lat.value = "";
    told.textContent = "已去掉位置";
    forget.hidden = true;
  });
}

function setUpMap(root) {
  const area = root.querySelector("[data-map-area]");
  if (!area) return;
  area.hidden = false;
  area.querySelector("[data-open-map]").addEventListener("click", () => {
    openPlaceMap(area.querySelector("[data-map]"), (place) => { root.elements.chosen_place.value = place; });
  });
}

function setUpDraft(root) {
  const fields = KEPT.map((name) => root.elements[name]);
  const kept = JSON.parse(sessionStorage.getItem(DRAFT) || "{}");
  fields.forEach((field) => { if (!field.value && kept[field.name]) field.value = kept[field.name]; });
  root.addEventListener("input", () => {
    sessionStorage.setItem(DRAFT, JSON.stringify(Object.fromEntries(fields.map((field) => [field.name, field.value]))));
  });
}

function setUpSending(root) {
  const button = root.querySelector("button[type=submit]");
  const words = button.textContent;
  root.addEventListener("submit", () => { button.textContent = "正在提交……"; button.setAttribute("aria-disabled", "true"); });
  // After "back" the button must work again; a second press sends the same key and makes no second report.
  addEventListener("pageshow", () => { button.textContent = words; button.removeAttribute("aria-disabled"); });
}

if (form) {
  setUpPosition(form);
  setUpMap(form);
  setUpDraft(form);
  setUpSending(form);
}
document.getElementById("problem")?.focus();
