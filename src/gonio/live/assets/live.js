// The picture comes by itself; what is said about it comes as events, some 15 a second.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const SHOWN_S = 10, STALE_S = 2, UNSEEN_S = 1, LEFT = 40, RIGHT = 392, TOP = 10, BOTTOM = 168;
  const SIGNAL = "signal";
  const histories = new Map(); // of the signal and of each angle: [time, value or null]
  let chosen = null, count = 0, over = false, seenAt = null; // when the signal was last seen

  const setText = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };
  const show = (id, visible) => { $(id).hidden = !visible; };
  const unit = (name) => (name === "deg" ? "°" : ` ${name}`);
  const whole = (value) => String(Math.round(value) || 0); // never "-0"
  const make = (name, attributes, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // --- Buttons --------------------------------------------------------------------------------
  $("reset").addEventListener("click", () => { histories.clear(); fetch("reset", { method: "POST" }); });
  $("mirror").addEventListener("click", () => {
    const mirrored = $("film").classList.toggle("mirrored");
    $("mirror").setAttribute("aria-pressed", mirrored);
  });
  $("large").hidden = !document.fullscreenEnabled;
  $("large").addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen(); else $("stage").requestFullscreen();
  });
  $("film").addEventListener("load", () => {
    $("stage").style.setProperty("--shape", `${$("film").naturalWidth} / ${$("film").naturalHeight}`);
  });

  // --- Over the picture -----------------------------------------------------------------------
  function overPicture(now) {
    const isHold = now.held_s !== null;
    show("count-box", isHold || now.count !== null);
    setText("count", isHold ? now.held_s.toFixed(0) : String(now.count ?? ""));
    setText("count-name", isHold ? "seconds held" : now.count === 1 ? "repetition" : "repetitions");
    if (now.count !== null && now.count > count) {
      $("count-box").classList.remove("counted");
      void $("count-box").offsetWidth; // so that the animation begins again
      $("count-box").classList.add("counted");
    }
    count = now.count ?? 0;

    const isLive = !now.ended && now.age_s <= STALE_S; // an old number must not pass for one of now
    const angle = isLive && now.angles.find((one) => one.label === now.headline);
    const signal = isLive && now.signal && now.signal.value !== null && !now.signal.curve ? now.signal : null;
    show("angle-box", Boolean(angle || signal));
    if (angle) {
      setText("angle", `${whole(angle.value)}°`);
      setText("angle-sd", angle.sd === null ? "" : `± ${whole(angle.sd)}°`);
      setText("angle-name", angle.label);
    } else if (signal) {
      setText("angle", whole(signal.value) + unit(signal.unit));
      setText("angle-sd", "");
      setText("angle-name", signal.label);
    }
    show("phase", isLive && now.phase !== "" && now.person);
    setText("phase", now.phase);
    show("cue", isLive && now.cue !== "");
    setText("cue", now.cue);
    notice(now);
  }

  function notice(now) {
    let text = "";
    if (now.ended) text = now.ended;
    else if (now.frame === 0) text = "Waiting for the camera";
    else if (now.age_s > STALE_S) text = `No picture for ${now.age_s.toFixed(0)} s`;
    else if (!now.person) text = "Step into the picture";
    else if (isUnseen(now)) text = `Not in sight: ${now.signal.needs.join(" or ")}`;
    show("notice", text !== "");
    setText("notice", text);
    $("notice").classList.toggle("trouble", Boolean(now.ended) || now.age_s > STALE_S);
  }

  /** Whether what is counted on was not seen for a while: by part of the body out of the picture, or hidden. */
  function isUnseen(now) {
    if (!now.signal?.needs.length || now.signal.value !== null || seenAt === null || now.time_s < seenAt) seenAt = now.time_s;
    return now.time_s - seenAt > UNSEEN_S;
  }

  // --- Beside it ------------------------------------------------------------------------------
  function list(now) {
    const box = $("angles"), why = sharedReason(now.angles);
    show("angles", why === "" && now.angles.length > 0);
    show("why", why !== "");
    setText("why", `Angles are not measured: ${why}.`);
    const rows = now.angles.map((angle) => angle.label).sort();
    if (box.dataset.rows !== rows.join()) { // rows keep their places while numbers change
      box.dataset.rows = rows.join();
      box.replaceChildren(...inOrder(now.angles).map(row));
    }
    for (const angle of now.angles) {
      const button = box.querySelector(`[data-label="${angle.label}"]`);
      button.setAttribute("aria-pressed", angle.name === chosen);
      const value = button.querySelector(".value"), measured = angle.value !== null;
      value.textContent = measured ? `${whole(angle.value)}° ` : "–";
      button.querySelector(".why").textContent = angle.why;
      if (measured && angle.sd !== null) {
        const error = document.createElement("small");
        error.textContent = `± ${whole(angle.sd)}°`;
        value.append(error);
      }
    }
  }

  /** Why no angle at all is measured, if that is one reason. */
  function sharedReason(angles) {
    const reasons = new Set(angles.map((angle) => (angle.value === null ? angle.why : "")));
    return angles.length > 1 && reasons.size === 1 ? [...reasons][0] : "";
  }

  /** Left before right, in the order in which the angles were asked for. */
  function inOrder(angles) {
    const names = [...new Set(angles.map((angle) => angle.name))];
    return [...angles].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name) || a.side.localeCompare(b.side));
  }

  function row(angle) {
    const item = document.createElement("li"), button = document.createElement("button");
    button.className = angle.side;
    button.dataset.label = angle.label;
    button.title = "Show this curve";
    for (const name of ["name", "value", "why"]) {
      const part = document.createElement("span");
      part.className = name;
      button.append(part);
    }
    button.firstChild.textContent = angle.label;
    button.addEventListener("click", () => { chosen = chosen === angle.name ? null : angle.name; });
    item.append(button);
    return item;
  }

  // --- The curve ------------------------------------------------------------------------------
  function remember(now) {
    const put = (key, time, value) => {
      const past = histories.get(key) ?? [];
      if (past.length && past[past.length - 1][0] >= time) return;
      past.push([time, value]);
      while (past[0][0] < now.time_s - SHOWN_S) past.shift();
      histories.set(key, past);
    };
    if (now.time_s === null) return;
    if (now.signal?.curve) histories.set(SIGNAL, now.signal.curve);
    else if (now.signal) put(SIGNAL, now.time_s, now.signal.value);
    for (const angle of now.angles) put(angle.label, angle.time_s, angle.value);
  }

  function plot(now) {
    if (now.time_s === null) return;
    const name = chosen ?? (now.signal ? null : now.angles[0]?.name ?? null);
    const angles = inOrder(now.angles.filter((angle) => angle.name === name));
    const lines = angles.length
      ? angles.map((angle) => ({ key: angle.label, side: angle.side, value: angle.value, unit: "deg" }))
      : now.signal ? [{ key: SIGNAL, side: "both", value: now.signal.value, unit: now.signal.unit }] : [];
    if (!lines.length) return;
    setText("plot-name", angles.length ? angles[0].name.replaceAll("_", " ") : now.signal.label);
    $("plot-keys").replaceChildren(...lines.map((line) => {
      const key = document.createElement("span");
      key.className = `key ${line.side}`;
      const number = line.value === null ? "–" : whole(line.value) + unit(line.unit);
      key.textContent = line.side === "both" ? number : `${line.side} ${number}`;
      return key;
    }));

    const past = lines.map((line) => (histories.get(line.key) ?? []).filter(([t]) => t > now.time_s - SHOWN_S));
    const values = past.flat().map(([, value]) => value).filter((value) => value !== null);
    const { low, high, step } = range(values);
    const x = (t) => RIGHT - ((now.time_s - t) / SHOWN_S) * (RIGHT - LEFT);
    const y = (value) => BOTTOM - ((value - low) / (high - low)) * (BOTTOM - TOP);
    const grid = [];
    for (let value = low; value <= high + 1e-6; value += step) {
      grid.push(make("line", { x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }));
      grid.push(make("text", { x: LEFT - 8, y: y(value) + 4 }, String(value)));
    }
    $("grid").replaceChildren(...grid);
    $("curves").replaceChildren(...lines.map((line, i) => make("path", { class: line.side, d: path(past[i], x, y) })));
  }

  /** Round limits about the values, at least 40 apart, so that noise at rest does not fill the plot. */
  function range(values) {
    let low = Math.min(...values), high = Math.max(...values);
    if (!values.length) [low, high] = [0, 40];
    const middle = (low + high) / 2, half = Math.max((high - low) / 2, 20);
    const step = [10, 20, 40, 50, 100].find((one) => (2 * half) / one <= 4) ?? 100;
    return { low: Math.floor((middle - half) / step + 0.15) * step, high: Math.ceil((middle + half) / step - 0.15) * step, step };
  }

  function path(points, x, y) {
    let drawn = "", pen = "M";
    for (const [t, value] of points) {
      if (value === null) { pen = "M"; continue; }
      drawn += `${pen}${x(t).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
    return drawn;
  }

  // --- Events ---------------------------------------------------------------------------------
  function update(now) {
    document.title = `${now.title} – Gonio live`;
    setText("title", now.title);
    setText("fps", now.fps.toFixed(0));
    setText("latency", now.latency_ms === null ? "–" : now.latency_ms.toFixed(0));
    setText("dropped", String(now.dropped));
    overPicture(now);
    list(now);
    remember(now);
    plot(now);
  }

  const events = new EventSource("events");
  events.addEventListener("message", (message) => {
    const now = JSON.parse(message.data);
    update(now);
    if (now.ended) { over = true; events.close(); }
  });
  events.addEventListener("error", () => {
    if (over) return;
    over = true;
    events.close();
    show("notice", true);
    setText("notice", "The connection is lost: start it again in the terminal, and open the new address");
    $("notice").classList.add("trouble");
  });
  // After the page has loaded: a stream of pictures never ends, and would keep the page loading.
  addEventListener("load", () => { $("film").src = "film"; });
})();
