// Finds and filters the records of the page. Without it everything is there all the same.
"use strict";
(() => {
  const FEW = 200;
  const form = document.querySelector("form");
  if (!form) return;
  const [find, sync, kind] = form.elements;
  const said = form.querySelector("output");
  const sections = [...document.querySelectorAll("section")].map((section) => ({
    section,
    kind: section.dataset.kind,
    title: section.querySelector("h2"),
    fold: section.querySelector("details"),
    records: [...section.querySelectorAll("tbody")].map((body) => ({
      body,
      sync: body.dataset.sync,
      text: body.textContent.toLowerCase(),
    })),
  }));
  const total = sections.reduce((sum, each) => sum + (each.kind ? each.records.length : 0), 0);
  let filtering = false;

  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const before = filtering;
    filtering = Boolean(words.length || sync.value || kind.value);
    let found = 0;
    for (const each of sections) {
      // While something is looked for, only records are of interest.
      const here = !filtering || (each.kind && (!kind.value || each.kind === kind.value));
      let shown = 0;
      for (const record of each.records) {
        const fits = here && (!sync.value || record.sync === sync.value) && words.every((word) => record.text.includes(word));
        record.body.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      each.section.hidden = !shown;
      found += shown;
      if (filtering) each.title.dataset.found = `${shown.toLocaleString("en")} found`;
      else delete each.title.dataset.found;
      if (!each.fold) continue;
      if (filtering && !before) each.wasOpen = each.fold.open;
      // Few are shown at once; to lay out thousands takes seconds, so they wait to be asked for.
      each.fold.open = filtering ? shown <= FEW : before ? each.wasOpen : each.fold.open;
    }
    said.textContent = filtering ? `${found.toLocaleString("en")} of ${total.toLocaleString("en")} records` : "";
  };

  let waiting = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(show, event.target === find ? 80 : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  const clear = () => {
    form.reset();
    show();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== find) {
      event.preventDefault();
      find.focus();
    } else if (event.key === "Escape" && filtering) {
      clear();
    }
  });
  // A number leads to its records, whatever is filtered or folded.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const place = link && document.getElementById(link.hash.slice(1));
    if (!place) return;
    if (filtering) clear();
    const fold = place.closest("details");
    if (fold) fold.open = true;
  });
  form.hidden = false;
})();
