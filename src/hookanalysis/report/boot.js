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
        const spec = widen(JSON.parse(text), Math.max(120, room - beside));
        const result = await window.vegaEmbed(plot, spec, options);
        const over = Math.ceil(plot.querySelector("svg").getBoundingClientRect().width) - room;
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

  // One button copies all ids of a list.
  for (const table of document.querySelectorAll("table.hk-table")) {
    const ids = [...table.querySelectorAll("td.hk-id code")].map((cell) => cell.textContent);
    if (ids.length < 2) continue;
    const button = document.createElement("button");
    const label = `Copy ${ids.length} ids`;
    button.type = "button";
    button.className = "copy";
    button.textContent = label;
    button.addEventListener("click", async () => {
      const done = await copy(ids.join("\n"));
      button.textContent = done ? "Copied" : "Copying is not allowed here";
      setTimeout(() => { button.textContent = label; }, 1600);
    });
    table.closest(".hk-scroll").before(button);
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
