// While the operator types: type, place and earlier reports beside the form, half a second after the last key.
"use strict";

const form = document.querySelector("[data-hotline]");
const PAUSE_MS = 500;
const find = (name) => document.querySelector(`[data-${name}]`);
let timer, running;

function list(target, lines, otherwise) {
  target.replaceChildren(
    ...(lines.length ? lines : [otherwise]).map((line) => Object.assign(document.createElement("li"), { textContent: line })),
  );
}

function show(found) {
  find("danger").hidden = !found.danger;
  find("danger").textContent = found.danger || "";
  list(find("types"), found.types.map((row) => `${row.zh}(${Math.round(row.confidence * 100)}%)`), "暂时看不出");
  const place = found.place;
  find("place").textContent =
    [place.district, place.street, place.grid].filter(Boolean).join(" ") + (place.certain ? "" : "(请与来电人核对)") + " " + place.explanation;
  list(find("duplicates"), found.duplicates.map((row) => `${row.case_id}:${row.reasons.join("、")}`), "没有发现");
  find("state").textContent = found.model ? "" : "智能助手没有应答,类型请稍后由分派员确定。";
}

async function propose() {
  running?.abort();
  running = new AbortController();
  const body = new URLSearchParams();
  for (const name of ["what", "place", "company", "lng", "lat"]) body.set(name, form.elements[name].value);
  try {
    const headers = { "X-CSRF-Token": form.elements.csrf.value, Accept: "application/json" };
    const answer = await fetch("/hotline/propose", { method: "POST", body, headers, signal: running.signal });
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
  } catch (problem) {
    if (problem.name !== "AbortError") find("state").textContent = "没有取到建议,不影响登记。";
  }
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(propose, PAUSE_MS);
});
