// What the page has several times stands in it once, as a template: <i data-stencil="browse"></i> becomes what <template id="browse"> holds.

/** A copy of what a template holds. */
export const stencil = (id) => document.getElementById(id).content.cloneNode(true);

for (const place of document.querySelectorAll("[data-stencil]")) place.replaceWith(stencil(place.dataset.stencil));
