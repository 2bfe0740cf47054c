"use strict";
// Draws the charts that the page carries as JSON. Nothing is ever loaded from anywhere.
(function () {
  const deny = () => Promise.reject(new Error("this report loads nothing"));
  const loader = { load: deny, sanitize: deny, http: deny, file: deny };
  const options = {
    mode: "vega-lite", renderer: "svg", actions: false, ast: true, loader,
    tooltip: { disableDefaultStyle: true },
  };

  // Units get the width; panels below each other get it each.
  function widen(spec, width) {
    if (spec.vconcat) spec.vconcat.forEach((panel) => widen(panel, width));
    else spec.width = width;
    return spec;
  }

  // On a phone, names and legends leave room for the marks.
  function squeeze(spec, room) {
    if (room > 560) return spec;
    const walk = (part) => {
      if (!part || typeof part !== "object") return;
      for (const [key, value] of Object.entries(part)) {
        if (key === "labelLimit") part[key] = Math.min(value, room * 0.3);
        else if (key !== "datasets") walk(value);
      }
    };
    walk(spec);
    spec.config.legend.columns = 2;
    return spec;
  }

  async function draw(figure) {
    const plot = figure.querySelector(".plot");
    const text = figure.querySelector("script").textContent;
    const room = plot.clientWidth;
    if (!room || figure.dataset.room === String(room)) return;
    figure.dataset.room = String(room);
    try {
      // Labels and axes take room too: how much is known once they are drawn.
      let beside = Number(figure.dataset.beside || 90);
      for (let round = 0; round < 3; round++) {
        const spec = widen(squeeze(JSON.parse(text), room), Math.max(120, room - beside));
        const marks = (spec.params || []).find((one) => one.name === "marked");
        if (marks && span) marks.value = { x: span };
        const result = await window.vegaEmbed(plot, spec, options);
        link(result.view);
        // The picture has one name, and its numbers stand in a table: its parts need no names.
        plot.querySelector("svg").setAttribute("aria-hidden", "true");
        if (marks) offer(figure);
        const over = Math.ceil(Number(plot.querySelector("svg").getAttribute("width"))) - room;
        if (Math.abs(over) <= 2) break;
        beside += over;
        figure.dataset.beside = String(beside);
        if (round < 2) result.finalize();
      }
      figure.dataset.drawn = "yes";
    } catch (error) {
      plot.classList.add("failed");
      console.error(error);
    }
  }

  const figures = [...document.querySelectorAll("figure.chart:has(.plot)")];
  const drawAll = () => Promise.all(figures.map((figure) => draw(figure)));
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  });

  // What is marked in a chart limits the list of events; a dot that is clicked opens its lines.
  const events = [...document.querySelectorAll("tbody.hk-event")];
  let span = null;
  function link(view) {
    listen(view, "marked", (value) => { span = value.at || null; show(); sift(); });
    listen(view, "picked", (value) => {
      const number = value.event && value.event[0];
      const body = events.find((one) => one.dataset.event === String(number));
      if (!body) return;
      body.hidden = false;
      body.querySelectorAll("details").forEach((lines) => { lines.open = true; });
      events.forEach((one) => one.classList.toggle("picked", one === body));
      body.scrollIntoView({ block: "center" });
    });
  }

  // A time can also be marked from the keyboard, in two fields that follow the mouse.
  let show = () => {};
  function offer(figure) {
    if (figure.querySelector(".sift")) return;
    const tools = Object.assign(document.createElement("div"), { className: "sift" });
    const fields = ["from", "to"].map((name) => {
      const label = document.createElement("label");
      const field = Object.assign(document.createElement("input"), { type: "datetime-local" });
      label.append(`${name} `, field);
      tools.append(label);
      return field;
    });
    const clear = Object.assign(document.createElement("button"), {
      type: "button", textContent: "Clear", hidden: true,
    });
    tools.prepend("Mark a time:");
    tools.append(clear);
    figure.querySelector(".plot").before(tools);
    show = () => {
      fields.forEach((field, place) => {
        field.value = span ? new Date(Number(span[place])).toISOString().slice(0, 16) : "";
      });
      clear.hidden = !span;
    };
    const mark = (chosen) => {
      span = chosen;
      clear.hidden = !span;
      figure.dataset.room = "";
      sift();
      return draw(figure);
    };
    fields.forEach((field) => field.addEventListener("change", () => {
      // The chart's clock is drawn as if it were UTC.
      const [from, to] = fields.map((one) => Date.parse(`${one.value}Z`));
      if (to > from) mark([from, to]);
    }));
    clear.addEventListener("click", () => { fields[0].focus(); mark(null); show(); });
  }

  function listen(view, name, act) {
    try { view.addSignalListener(name, (_, value) => act(value)); } catch { /* not in this chart */ }
  }

  // Long tables can be searched; the field says how many rows fit.
  const sifters = [];
  const sift = () => sifters.forEach((one) => one());
  for (const table of document.querySelectorAll("main .output table.hk-table")) {
    const grouped = table.classList.contains("hk-events");
    const rows = [...table.querySelectorAll(grouped ? "tbody" : "tbody > tr")];
    if (rows.length < 12 && !grouped) continue;
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const field = Object.assign(document.createElement("input"), {
      type: "search", placeholder: `Search ${rows.length} rows`, ariaLabel: "Search this table",
    });
    const found = Object.assign(document.createElement("span"), { className: "found", role: "status" });
    const tools = Object.assign(document.createElement("div"), { className: "sift" });
    tools.append(field, found);
    table.closest(".hk-scroll").before(tools);
    const act = () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      rows.forEach((row, place) => {
        const at = Number(row.dataset.at);
        const fits = words.every((word) => texts[place].includes(word))
          && (!grouped || !span || (at >= span[0] && at <= span[1]));
        row.hidden = !fits;
        count += fits;
      });
      const marked = grouped && span ? " in the marked time" : "";
      found.textContent = count < rows.length || marked ? `${count} of ${rows.length}${marked}` : "";
    };
    field.addEventListener("input", act);
    sifters.push(act);
  }

  // One button copies all ids of a list.
  for (const table of document.querySelectorAll("table.hk-table")) {
    const cells = [...table.querySelectorAll("td.hk-id code")];
    if (cells.length < 2) continue;
    const button = document.createElement("button");
    const label = "Copy ids";
    button.type = "button";
    button.className = "copy";
    button.textContent = label;
    button.addEventListener("click", async () => {
      const seen = cells.filter((cell) => !cell.closest("[hidden]"));
      const done = await copy(seen.map((cell) => cell.textContent).join("\n"));
      button.textContent = done ? "Copied" : "Copying is not allowed here";
      setTimeout(() => { button.textContent = label; }, 1600);
    });
    const tools = table.closest(".hk-scroll").previousElementSibling;
    if (tools && tools.classList.contains("sift")) tools.append(button);
    else table.closest(".hk-scroll").before(button);
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  // Light, dark, or as the system says.
  const schemes = { auto: "", light: "light", dark: "dark" };
  const theme = document.querySelector("#theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const names = Object.keys(schemes);
    const next = names[(names.indexOf(theme.dataset.scheme || "auto") + 1) % names.length];
    theme.dataset.scheme = next;
    theme.textContent = `Theme: ${next}`;
    document.documentElement.style.colorScheme = schemes[next];
  });

  drawAll().then(() => { document.documentElement.dataset.ready = "yes"; });
})();
