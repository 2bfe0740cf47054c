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
    else (spec.spec || spec).width = width;
    return spec;
  }

  // Names cut where they stay apart: in the middle, at the beginning, or at the end.
  function shorten(names, most) {
    const ways = [
      (name) => `${name.slice(0, most / 2)}…${name.slice(-most / 2)}`,
      (name) => `…${name.slice(-most)}`,
      (name) => `${name.slice(0, most)}…`,
    ];
    const cut = ways.map((way) => names.map((name) => (name.length > most + 1 ? way(name) : name)));
    return cut.find((one) => new Set(one).size === names.length) || names;
  }

  // On a phone, names and legends leave room for the marks, and times for each other.
  function squeeze(spec, room) {
    if (room > 560) return spec;
    let named = false;
    const walk = (part) => {
      if (!part || typeof part !== "object") return;
      for (const [key, value] of Object.entries(part)) {
        if (!value) continue;
        if (value.tickCount === 8) value.tickCount = 4;
        if (Array.isArray(value.sort) && value.axis && value.axis.labelLimit) {
          named = true;
          const short = shorten(value.sort, Math.floor(room * 0.3 / 6));
          value.axis.labelExpr = `${JSON.stringify(short)}[indexof(${JSON.stringify(value.sort)}, datum.label)]`;
        }
        else if (key !== "datasets") walk(value);
      }
    };
    walk(spec);
    spec.config.legend.columns = named ? 1 : 2;
    return spec;
  }

  // The program that draws, out of its packing; the page's policy knows it by its hash.
  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  }
  const packed = document.querySelector("#vega");
  const ready = packed && unpack(packed.textContent).then((code) => {
    const script = make("script", { textContent: code });
    document.head.append(script);
    script.remove();
  });

  async function draw(figure) {
    const plot = figure.querySelector(".plot");
    const text = figure.querySelector("script").textContent;
    const room = plot.clientWidth;
    if (!room || figure.dataset.room === String(room)) return;
    figure.dataset.room = String(room);
    try {
      await ready;
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
    if (figure.querySelector(":scope > .sift")) return;
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

  // Tables: sorted by a heading; where long, folded after ten rows, searched, and saved as CSV.
  const FOLD = 10;
  const UNITS = { ms: 1, s: 1e3, min: 6e4, h: 36e5, day: 864e5, days: 864e5 };
  const sifters = [];
  const sift = () => sifters.forEach((one) => one());
  document.querySelectorAll("main table.hk-table").forEach((table, place) => {
    const grouped = table.classList.contains("hk-events");
    const heads = [...table.querySelectorAll("thead th")];
    let rows = [...table.querySelectorAll(grouped ? "tbody" : "tbody > tr")];
    if (rows.length < 2) return;
    const long = rows.length > FOLD || grouped;
    const tools = make("div", { className: "sift" });
    const field = make("input", {
      type: "search", placeholder: `Search ${rows.length} rows`, ariaLabel: "Search this table",
    });
    const found = make("span", { className: "found", role: "status" });
    const all = make("button", { type: "button", hidden: true });
    let folded = rows.length > FOLD && !table.closest("details.numbers");
    const act = () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      const marked = grouped && span;
      let count = 0;
      rows.forEach((row) => {
        const at = Number(row.dataset.at);
        const fits = words.every((word) => row.textContent.toLowerCase().includes(word))
          && (!marked || (at >= span[0] && at <= span[1]));
        row.hidden = !fits;
        count += fits;
        row.classList.toggle("beyond", fits && folded && count > FOLD);
      });
      const where = marked ? " in the marked time" : "";
      found.textContent = count < rows.length || marked ? `${count} of ${rows.length}${where}` : "";
      all.hidden = count <= FOLD;
      all.textContent = folded ? `Show all ${count} rows` : "Show ten rows";
    };
    all.addEventListener("click", () => { folded = !folded; act(); });
    field.addEventListener("input", act);

    const cell = (row, number) => (row.cells || row.rows[0].cells)[number];
    const value = (row, number) => {
      const kind = heads[number].className;
      const text = cell(row, number).textContent;
      if (/hk-(count|number|share|percent|ms)/.test(kind)) {
        const parts = text.replace(/,/g, "").match(/-?[\d.]+ *[a-z]*/g);
        if (!parts) return -1;
        return parts.reduce((sum, part) => {
          const [, size, unit] = part.match(/(-?[\d.]+) *([a-z]*)/);
          return sum + Number(size) * (UNITS[unit] || 1);
        }, 0);
      }
      return text;
    };
    heads.forEach((head, number) => {
      const button = make("button", { type: "button", textContent: head.textContent });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.ariaSort === "ascending";
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.ariaSort = down ? "descending" : "ascending";
        rows = rows.map((row) => [value(row, number), row])
          .sort(([a], [b]) => (a < b ? -1 : a > b) * (down ? -1 : 1)).map(([, row]) => row);
        rows.forEach((row) => row.parentNode.append(row));
        act();
      });
    });

    if (long) tools.append(field, found);
    const ids = [...table.querySelectorAll("td.hk-id code")];
    if (ids.length > 1) {
      const label = "Copy ids";
      const button = make("button", { type: "button", className: "copy", textContent: label });
      button.addEventListener("click", async () => {
        const seen = [...table.querySelectorAll("td.hk-id code")]
          .filter((one) => !one.closest("[hidden]"));
        const done = await copy(seen.map((one) => one.textContent).join("\n"));
        button.textContent = done ? "Copied" : "Copying is not allowed here";
        setTimeout(() => { button.textContent = label; }, 1600);
      });
      tools.append(button);
    }
    if (long) {
      const save = make("button", { type: "button", className: "csv", textContent: "CSV" });
      const { rest: hidden } = table.dataset;  // rows that the page holds and does not show
      const unshown = hidden ? unpack(hidden).then(JSON.parse) : Promise.resolve([]);
      unshown.then((rest) => {
        if (rest.length) save.textContent = `CSV of all ${rows.length + rest.length} rows`;
      });
      save.addEventListener("click", async () => {
        const lines = [heads.map((head) => head.textContent)];
        rows.forEach((row) => lines.push(heads.map((_, number) => words(cell(row, number)))));
        lines.push(...await unshown);
        const title = document.title.replace(/\W+/g, "-").toLowerCase();
        const section = table.closest("section")?.getAttribute("aria-labelledby") || "table";
        offerFile(`${title}-${section}-${place + 1}.csv`, lines);
      });
      tools.append(save);
    }
    const frame = table.closest(".hk-scroll");
    if (tools.children.length) frame.before(tools);
    if (long) frame.after(all);
    if (long) sifters.push(act);
    if (long) act();
  });

  function make(kind, properties) {
    return Object.assign(document.createElement(kind), properties);
  }

  // The words of a cell; what stands small under them, after a bar.
  function words(cell) {
    const under = cell.querySelector("small");
    const text = cell.textContent.trim();
    if (!under || cell.firstChild === under) return text;
    return `${text.slice(0, -under.textContent.length).trim()} | ${under.textContent}`;
  }

  // A formula would be run by a spreadsheet, so its sign is quoted.
  function offerFile(name, lines) {
    const quote = (text) => `"${text.replace(/^(?=[=+@\t\r-])/, "'").replace(/"/g, '""')}"`;
    const text = lines.map((cells) => cells.map(quote).join(",")).join("\r\n");
    const href = URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" }));
    const link = make("a", { href, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
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

  // What is folded is drawn when it opens, and shown on paper.
  document.querySelectorAll("details").forEach((one) => one.addEventListener("toggle", drawAll));
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll(
      "details.hk-finding, details.hk-others, details.fold:not(:has(figure))",
    ).forEach((one) => { one.open = true; });
  });
  // A link to what is folded opens it.
  const reach = () => {
    const aim = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const folds = aim ? aim.closest("section").querySelectorAll(":scope > details.fold") : [];
    folds.forEach((one) => { one.open = true; });
  };
  window.addEventListener("hashchange", reach);
  reach();

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
