// Checks a proof in this browser: nothing of the result comes from the server but the data that is checked.
// The same as rewards/bundle.py; docs/public_proof.md describes the format.
"use strict";

const encoder = new TextEncoder();

class Wrong extends Error {}

function fromHex(text) {
  if (typeof text !== "string" || !/^([0-9a-f]{2})*$/.test(text)) throw new Wrong("证明文件里的哈希格式不对。");
  return Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
}

function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new Wrong("检查点里的 Base64 不对。");
  }
}

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const equal = (one, two) => one.length === two.length && one.every((byte, at) => byte === two[at]);

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const leafHash = (text) => sha256([0], encoder.encode(text));
const nodeHash = (left, right) => sha256([1], left, right);

function whole(value) {
  if (!Number.isSafeInteger(value) || value < 0) throw new Wrong("证明文件里的序号要是整数。");
  return value;
}

// RFC 9162, 2.1.3.2
async function inclusionHolds(leaf, index, size, path, root) {
  if (index >= size || leaf.length !== 32) return false;
  let fn = index, sn = size - 1, node = leaf;
  for (const step of path) {
    if (sn === 0 || step.length !== 32) return false;
    if (fn % 2 === 1 || fn === sn) {
      node = await nodeHash(step, node);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      node = await nodeHash(node, step);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equal(node, root);
}

// RFC 9162, 2.1.4.2
async function consistencyHolds(oldSize, oldRoot, size, root, path) {
  if (!(oldSize > 0 && oldSize <= size) || path.some((step) => step.length !== 32)) return false;
  if (oldSize === size) return path.length === 0 && equal(oldRoot, root);
  const steps = [...path];
  if (Number.isInteger(Math.log2(oldSize))) steps.unshift(oldRoot);
  if (steps.length === 0) return false;
  let fn = oldSize - 1, sn = size - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  let older = steps[0], newer = steps[0];
  for (const step of steps.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      older = await nodeHash(step, older);
      newer = await nodeHash(step, newer);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      newer = await nodeHash(newer, step);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equal(older, oldRoot) && equal(newer, root);
}

// "<name>+<id>+<base64 of 0x01 and the public key>"
async function readKey(text) {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(String(text).trim()) || [];
  const material = encoded ? fromBase64(encoded) : new Uint8Array();
  if (material.length !== 33 || material[0] !== 1) throw new Wrong("公钥的格式不对。");
  const computed = (await sha256(encoder.encode(name), [10], material)).slice(0, 4);
  if (toHex(computed) !== id) throw new Wrong("公钥的编号与内容不符。");
  let key;
  try {
    key = await crypto.subtle.importKey("raw", material.slice(1), { name: "Ed25519" }, false, ["verify"]);
  } catch {
    throw new Wrong("这个浏览器太旧，不能核对签名。请换一个新的浏览器，或用命令行核对。");
  }
  return { name, id: computed, key };
}

async function openNote(note, key) {
  const cut = String(note).indexOf("\n\n");
  if (cut < 0) throw new Wrong("检查点没有签名。");
  const signed = note.slice(0, cut + 1);
  for (const line of note.slice(cut + 2).split("\n")) {
    const [, name, encoded] = /^— (\S+) (\S+)$/.exec(line) || [];
    if (name !== key.name) continue;
    const blob = fromBase64(encoded);
    if (!equal(blob.slice(0, 4), key.id)) continue;
    if (!(await crypto.subtle.verify("Ed25519", key.key, blob.slice(4), encoder.encode(signed)))) {
      throw new Wrong("检查点的签名不对：内容被改动，或不是这个机关签的。");
    }
    const [origin, size, root] = signed.split("\n");
    if (!origin || !/^(0|[1-9]\d{0,15})$/.test(size)) throw new Wrong("检查点的格式不对。");
    const bytes = fromBase64(root);
    if (bytes.length !== 32) throw new Wrong("检查点的根哈希格式不对。");
    return { origin, size: Number(size), root: bytes };
  }
  throw new Wrong("检查点不是用这个公钥签的。");
}

async function opened(given, commitment, what) {
  if (!given) return null;
  if (toHex(await sha256(fromHex(given.salt), encoder.encode(given.text))) !== commitment) {
    throw new Wrong(`${what}与公开记录里的承诺不符，被改动过。`);
  }
  return JSON.parse(given.text);
}

// Answers {leaf, content, private, checkpoint, lines}; throws Wrong with the first thing that is wrong.
async function check(bundle, trustedKey) {
  if (!bundle || bundle.format !== "12350-proof-1") throw new Wrong("不认识这种证明文件。");
  const key = await readKey(trustedKey);
  const checkpoint = await openNote(bundle.checkpoint, key);
  const index = whole(bundle.index), size = whole(bundle.size);
  if (checkpoint.size !== size) throw new Wrong("证明的大小与检查点不符。");
  if (!Array.isArray(bundle.path) || typeof bundle.leaf !== "string") throw new Wrong("证明文件不完整，或格式不对。");
  if (!(await inclusionHolds(await leafHash(bundle.leaf), index, size, bundle.path.map(fromHex), checkpoint.root))) {
    throw new Wrong("这条记录不在签了名的公开记录里：内容被改动，或证明不对。");
  }
  const leaf = JSON.parse(bundle.leaf);
  if (leaf.seq !== index + 1) throw new Wrong("记录的序号与它的位置不符。");
  const lines = [`签名有效（${key.name}，公钥编号 ${toHex(key.id)}）`, `${size} 条公开记录中有这一条（第 ${index + 1} 条）`];
  const content = await opened(bundle.content, leaf.content, "公开内容");
  if (content) lines.push("公开内容与当初公布的一致");
  const own = await opened(bundle.private, leaf.private, "内部记录");
  if (own) lines.push("付款记录与公开记录里的承诺一致");
  return { leaf, content, private: own, checkpoint, lines };
}

const EVENTS = { paid: "奖励付款", returned: "付款退回", published: "公开", withdrawn: "撤回" };

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

const yuan = (fen) => `¥${(fen / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2 })}`;

function shown(proven) {
  const box = element("article", "", "entry");
  box.append(element("h3", `✓ ${EVENTS[proven.leaf.event] || proven.leaf.event} · ${proven.leaf.number} · ${proven.leaf.on}`));
  if (proven.content) box.append(element("p", proven.content.text, "said"));
  if (proven.private && proven.private.amount_fen !== undefined) {
    box.append(element("p", `金额 ${yuan(proven.private.amount_fen)}，${proven.private.paid_on} 付款，账本第 ${proven.private.ledger_seq} 号。`));
  }
  const list = element("ul");
  for (const line of proven.lines) list.append(element("li", line));
  box.append(list);
  return box;
}

const KEPT = "12350 checkpoint";

// Whoever comes back sees whether anything was changed since the last visit.
async function compareWithLastVisit(newest, key) {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(KEPT));
  } catch {
    kept = null;
  }
  let told = null;
  if (kept && kept.key === key && kept.size > 0 && kept.size < newest.size) {
    const answer = await fetch(`/log/consistency?older=${kept.size}&newer=${newest.size}`, { headers: { Accept: "application/json" } });
    const proof = answer.ok ? await answer.json() : { consistency: [] };
    const holds = await consistencyHolds(kept.size, fromHex(kept.root), newest.size, newest.root, proof.consistency.map(fromHex));
    if (!holds) throw new Wrong(`公开记录与这个浏览器上次看到的（${kept.size} 条）不一致：此前的记录被改动过。请告诉审计机关。`);
    told = `与这个浏览器上次看到的 ${kept.size} 条一致，此前的记录没有被改动`;
  } else if (kept && kept.key === key && kept.size === newest.size && kept.root !== toHex(newest.root)) {
    throw new Wrong("同样大小的公开记录，内容与这个浏览器上次看到的不同。请告诉审计机关。");
  } else if (kept && kept.key === key && kept.size > newest.size) {
    throw new Wrong(`公开记录比这个浏览器上次看到的（${kept.size} 条）少。请告诉审计机关。`);
  }
  localStorage.setItem(KEPT, JSON.stringify({ key, size: newest.size, root: toHex(newest.root) }));
  return told;
}

async function show(bundles, where, key, remember) {
  where.replaceChildren();
  try {
    if (!bundles.length) throw new Wrong("没有可以核对的记录。");
    let newest = null;
    for (const bundle of bundles) {
      const proven = await check(bundle, key);
      where.append(shown(proven));
      if (!newest || proven.checkpoint.size > newest.size) newest = proven.checkpoint;
    }
    const compared = remember ? await compareWithLastVisit(newest, key) : null;
    where.prepend(element("p", `核对通过${compared ? `；${compared}` : ""}。`, "done"));
  } catch (problem) {
    const words = problem instanceof Wrong ? problem.message : "证明文件不完整，或格式不对。";
    where.prepend(element("p", `核对没有通过：${words}`, "field-error"));
  }
  where.focus();
}

async function fetched(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Wrong((body && body.message) || "没有找到。");
  return body.bundles;
}

const page = document.querySelector("[data-checkpoint-key]");
if (page) {
  const key = page.dataset.checkpointKey, result = page.querySelector("#verified");
  const failed = (problem) => {
    result.replaceChildren(element("p", problem instanceof Wrong ? problem.message : "没有取到记录，请检查网络后再试。", "field-error"));
  };
  const byNumber = (number) => fetched(`/log/proof/${encodeURIComponent(number)}`).then((found) => show(found, result, key, true)).catch(failed);
  const form = page.querySelector("#by-number");
  if (form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      byNumber(form.elements.number.value.trim().toUpperCase());
    });
    const asked = new URLSearchParams(location.search).get("number");
    if (asked) {
      form.elements.number.value = asked;
      byNumber(asked);
    }
    page.querySelector("#by-file").addEventListener("change", async (event) => {
      try {
        const parsed = JSON.parse(await event.target.files[0].text());
        await show(parsed.bundles || [parsed], result, key, false);
      } catch {
        failed(new Wrong("这不是证明文件（JSON）。"));
      }
    });
  }
  if (page.dataset.own) fetched(page.dataset.own).then((found) => show(found, result, key, false)).catch(failed);
}
