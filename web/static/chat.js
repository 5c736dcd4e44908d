// The chat page. Every message gets its id here, once: sent again after a lost connection, it is the same message.
(function () {
  "use strict";

  var DRAFT = "chat-draft";
  var WAITING = "chat-unsent";
  var box = document.getElementById("chat");
  var log = document.getElementById("chat-log");
  var quick = document.getElementById("chat-quick");
  var form = document.getElementById("chat-form");
  var text = document.getElementById("chat-text");
  var files = document.getElementById("chat-files");
  var typing = document.getElementById("chat-typing");
  var problem = document.getElementById("chat-problem");
  var needed = document.getElementById("chat-needed");
  var photoButton = document.getElementById("chat-photo");
  var positionButton = document.getElementById("chat-position");
  var mapButton = document.getElementById("chat-map");
  var mapBox = document.getElementById("chat-map-box");
  var maxText = Number(box.dataset.maxText);
  var maxPhotos = Number(box.dataset.maxPhotos);
  var csrf = document.querySelector('meta[name="csrf"]').content;
  var queue = Promise.resolve();
  var running = 0;

  box.hidden = false;

  function newId() {
    var bytes = new Uint8Array(16);
    crypto.getRandomValues(bytes);
    return Array.from(bytes, function (b) { return b.toString(16).padStart(2, "0"); }).join("");
  }

  // What is typed but not sent survives a reload, on this device only; wiped as soon as it is sent.
  function remember(name, value) {
    try {
      if (value) localStorage.setItem(name, value); else localStorage.removeItem(name);
    } catch (e) { /* private mode: nothing is kept */ }
  }
  function recall(name) {
    try { return localStorage.getItem(name) || ""; } catch (e) { return ""; }
  }

  function element(tag, className, words) {
    var made = document.createElement(tag);
    if (className) made.className = className;
    if (words) made.textContent = words;
    return made;
  }

  function append(item) {
    log.appendChild(item);
    log.scrollTop = log.scrollHeight;
    return item;
  }

  function sayProblem(words) {
    problem.textContent = words;
    problem.hidden = !words;
  }

  function spoken(said) {
    if (said.text) return said.text;
    if (said.photos) return "［发送了 " + said.photos + " 张照片］";
    if (said.position) return "［发送了位置］";
    return "";
  }

  // ---- what the other side says

  function show(messages, fresh) {
    quick.textContent = "";
    photoButton.classList.remove("wanted");
    positionButton.classList.remove("wanted");
    mapButton.classList.remove("wanted");
    showMap(false);
    messages.forEach(function (message) {
      if (message.text) append(bubble(message));
      if (message.receipt) append(receiptCard(message.receipt));
      if (message.form === "progress") append(progressForm());
      if (message.progress) showNeeded(message.progress);
      if (message.restarted || message.receipt) needed.hidden = true;
      if (message.buttons) message.buttons.forEach(addQuick);
    });
    if (fresh) focusAfter(messages);
    form.scrollIntoView({ block: "end" });
  }

  function bubble(message) {
    var item = element("li", message.danger ? "them danger" : "them", message.text);
    if (message.danger) {
      var calls = element("div", "chat-calls");
      ["119", "120", "110"].forEach(function (number) {
        var link = element("a", "", number);
        link.href = "tel:" + number;
        calls.appendChild(link);
      });
      item.appendChild(calls);
    }
    if (message.form_with) {
      // Posted, so that the words stand in no address line and no history.
      var again = element("form");
      again.method = "post";
      again.action = "/report/start";
      [["what", message.form_with.what], ["csrf", csrf]].forEach(function (pair) {
        var field = element("input");
        field.type = "hidden";
        field.name = pair[0];
        field.value = pair[1];
        again.appendChild(field);
      });
      again.appendChild(element("button", "", message.form_with.title));
      item.appendChild(again);
    }
    if (message.link) {
      var link = element("a", "", message.link.title);
      link.href = message.link.href;
      item.appendChild(document.createElement("br"));
      item.appendChild(link);
    }
    return item;
  }

  function addQuick(button) {
    var made = element("button", button.payload === "/affirm" ? "" : "secondary", button.title);
    made.type = "button";
    made.addEventListener("click", function () {
      if (button.payload.charAt(0) === "/") send({ payload: button.payload }, button.title);
      else send({ text: button.payload }, button.title);
    });
    quick.appendChild(made);
  }

  function showNeeded(progress) {
    var parts = [];
    if (progress.done.length) parts.push("已记下：" + progress.done.join("、"));
    if (progress.missing.length) parts.push("还缺：" + progress.missing.join("、"));
    needed.textContent = parts.join("　");
    needed.hidden = !parts.length;
    (progress.tools || []).forEach(function (tool) {
      ({ photo: photoButton, position: positionButton, map: mapButton })[tool].classList.add("wanted");
    });
  }

  function focusAfter(messages) {
    // A phone's keyboard must not cover a receipt or a warning.
    var quiet = messages.some(function (m) { return m.receipt || m.danger || m.form; });
    if (!quiet && window.matchMedia("(pointer: fine)").matches) text.focus();
  }

  function receiptCard(receipt) {
    var item = element("li", "them wide receipt");
    item.appendChild(document.getElementById("receipt-card").content.cloneNode(true));
    item.querySelector(".number").textContent = receipt.number;
    item.querySelector(".code").textContent = receipt.code;
    var words = "安全生产举报回执\n编号：" + receipt.number + "\n查询码：" + receipt.code + "\n查进度：" + location.origin + "/tip\n";
    var done = item.querySelector(".chat-done");
    item.addEventListener("click", function (event) {
      var what = event.target.dataset ? event.target.dataset.do : "";
      if (what === "copy") copy(words, done);
      if (what === "save") save(words, done);
      if (what === "print") window.print();
    });
    return item;
  }

  function copy(words, done) {
    if (!navigator.clipboard) { done.textContent = "请长按编号和查询码复制。"; return; }
    navigator.clipboard.writeText(words).then(
      function () { done.textContent = "已复制。请粘贴到只有您能看到的地方。"; },
      function () { done.textContent = "没有复制成功，请长按编号和查询码复制。"; }
    );
  }

  function save(words, done) {
    var link = element("a");
    link.href = URL.createObjectURL(new Blob([words], { type: "text/plain;charset=utf-8" }));
    link.download = "回执.txt";
    link.click();
    URL.revokeObjectURL(link.href);
    done.textContent = "已存成文件“回执.txt”。";
  }

  function progressForm() {
    var item = element("li", "them wide");
    item.appendChild(document.getElementById("progress-form").content.cloneNode(true));
    var inner = item.querySelector("form");
    var result = inner.querySelector(".chat-result");
    inner.addEventListener("submit", function (event) {
      event.preventDefault();
      result.textContent = "正在查询…";
      var asked = { number: inner.elements.number.value, code: inner.elements.code.value };
      post("/chat/progress", JSON.stringify(asked), "application/json").then(function (answer) {
        inner.elements.code.value = "";
        if (!answer.ok) { result.textContent = answer.body.message || "没有查到，请核对后再试。"; return; }
        result.textContent = "";
        result.appendChild(element("p", "", "现在的状态：" + answer.body.state));
        var list = element("ul");
        answer.body.steps.forEach(function (step) { list.appendChild(element("li", "", step.on + " " + step.text)); });
        answer.body.promises.forEach(function (p) { list.appendChild(element("li", "", p.what + "：" + p.by)); });
        result.appendChild(list);
      }, function () { result.textContent = "网络断了，请稍后再试。"; });
    });
    return item;
  }

  // ---- sending

  function post(path, body, type) {
    var headers = { "Accept": "application/json", "X-CSRF-Token": csrf };
    if (type) headers["Content-Type"] = type;
    return fetch(path, { method: "POST", body: body, headers: headers, credentials: "same-origin" }).then(function (response) {
      return response.json().catch(function () { return {}; }).then(function (read) {
        return { ok: response.ok, status: response.status, body: read };
      });
    });
  }

  function send(content, shown) {
    content.message_id = newId();
    if (content.text) remember(WAITING, JSON.stringify(content));
    deliver("/chat/messages", function () { return [JSON.stringify(content), "application/json"]; },
      append(element("li", "me", shown)));
  }

  // One after another: answers come in the order of the messages.
  function deliver(path, make, item) {
    quick.textContent = "";
    sayProblem("");
    running += 1;
    typing.hidden = false;
    queue = queue.then(function () {
      var made = make();
      return post(path, made[0], made[1]).then(function (answer) {
        if (answer.ok) {
          item.classList.remove("failed");
          remember(WAITING, "");
          show(answer.body.messages, true);
        } else if (answer.body.retry) {
          show(answer.body.messages, true);
          offerAgain(path, make, item);
        } else if (answer.status >= 500 || answer.status === 429) {
          sayProblem(answer.body.message || "系统忙，请稍后再发。");
          offerAgain(path, make, item);
        } else {
          item.classList.add("failed");
          remember(WAITING, "");
          sayProblem(answer.body.message || "没有发出去，请修改后再发。");
        }
      }, function () {
        sayProblem("网络断了，这条还没有发出去。连上后点“再发一次”，不会重复提交。");
        offerAgain(path, make, item);
      });
    }).then(function () {
      running -= 1;
      typing.hidden = running > 0 ? false : true;
    });
  }

  function offerAgain(path, make, item) {
    item.classList.add("failed");
    var again = element("button", "again", "再发一次");
    again.type = "button";
    again.addEventListener("click", function () {
      again.remove();
      deliver(path, make, item);
    });
    item.appendChild(again);
    window.addEventListener("online", function () { if (again.isConnected) again.click(); }, { once: true });
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    var words = text.value.trim();
    if (!words) { sayProblem("请先写一句话：哪里有什么危险。"); text.focus(); return; }
    if (words.length > maxText) { sayProblem("一次最多 " + maxText + " 字，请分几次发。"); return; }
    text.value = "";
    remember(DRAFT, "");
    send({ text: words }, words);
  });

  text.addEventListener("keydown", function (event) {
    // While a Chinese input method composes, Enter chooses a word and sends nothing.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  text.addEventListener("input", function () { remember(DRAFT, text.value); });

  photoButton.addEventListener("click", function () { files.click(); });
  files.addEventListener("change", function () {
    var chosen = Array.from(files.files);
    files.value = "";
    if (!chosen.length) return;
    if (chosen.length > maxPhotos) { sayProblem("一次最多发 " + maxPhotos + " 张照片。"); return; }
    var id = newId();
    deliver("/chat/photos", function () {
      var data = new FormData();
      data.append("message_id", id);
      data.append("csrf", csrf);
      chosen.forEach(function (file) { data.append("photos", file, file.name); });
      return [data, ""];
    }, append(element("li", "me", "［发送 " + chosen.length + " 张照片］")));
  });

  positionButton.addEventListener("click", function () {
    if (!navigator.geolocation) { sayProblem("这个浏览器不能定位，请用文字说说在哪里。"); return; }
    typing.hidden = false;
    navigator.geolocation.getCurrentPosition(function (found) {
      var content = { message_id: newId(), lng: found.coords.longitude, lat: found.coords.latitude, system: "wgs84" };
      deliver("/chat/position", function () { return [JSON.stringify(content), "application/json"]; },
        append(element("li", "me", "［发送位置］")));
    }, function () {
      typing.hidden = true;
      sayProblem("没有取得位置（可能没有允许定位）。请用文字说说在哪个区、哪条街道。");
    }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
  });

  function showMap(open) {
    mapBox.hidden = !open;
    mapButton.setAttribute("aria-expanded", String(open));
  }

  mapButton.addEventListener("click", function () {
    showMap(mapBox.hidden);
    if (mapBox.hidden) return;
    openPlaceMap(mapBox, function (place) {
      var content = { message_id: newId(), place: place };
      showMap(false);
      deliver("/chat/position", function () { return [JSON.stringify(content), "application/json"]; },
        append(element("li", "me", "［选了" + place.replace(" ", "") + "］")));
    }).then(function () { mapBox.scrollIntoView({ block: "nearest" }); });
  });

  // ---- leaving in a hurry: nothing of the talk stays on this device

  document.querySelectorAll("[data-quick-exit]").forEach(function (link) {
    link.addEventListener("click", function (event) {
      event.preventDefault();
      remember(DRAFT, "");
      remember(WAITING, "");
      try { sessionStorage.clear(); } catch (e) { /* nothing was kept */ }
      fetch("/chat/leave", {
        method: "POST", keepalive: true, credentials: "same-origin", headers: { "X-CSRF-Token": csrf },
      }).catch(function () { /* without a network the cookie ends by itself */ });
      location.replace(link.href);
    });
  });

  // ---- after a reload

  function restore() {
    text.value = recall(DRAFT);
    fetch("/chat/history", { headers: { "Accept": "application/json" }, credentials: "same-origin" })
      .then(function (response) { return response.json(); })
      .then(function (past) {
        append(bubble(past.greeting));
        past.greeting.buttons.forEach(addQuick);
        past.turns.forEach(function (turn) {
          append(element("li", "me", spoken(turn.said)));
          show(turn.messages, false);
        });
        var unsent = recall(WAITING);
        if (unsent) {
          var content = JSON.parse(unsent);
          offerAgain("/chat/messages", function () { return [JSON.stringify(content), "application/json"]; },
            append(element("li", "me", content.text)));
        }
      })
      .catch(function () { sayProblem("页面没有完整打开，请刷新；着急请拨打 " + box.dataset.phone + "。"); });
  }
  restore();
})();
