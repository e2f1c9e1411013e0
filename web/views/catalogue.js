// The shop's front page: everything for sale, by category, loaded as far as the visitor scrolls.
import { catalogue } from '../catalogue.js';
import { fill, h, icon } from '../dom.js';
import { plural } from '../format.js';
import { productCard } from '../parts/card.js';
import { hero } from '../parts/hero.js';
import { emptyState, errorState, skeletons } from '../parts/states.js';

// Kept while the page is open, so that coming back from a product shows what was left.
const chosen = { category: null, text: '' };

/** Shows the catalogue. */
export function mount(el) {
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Category' });
  const search = h('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Search products',
    autocomplete: 'off',
    value: chosen.text,
  });
  const count = h('p', { class: 'muted result-count', role: 'status' });
  const results = h('div', { class: 'results' });
  const sentinel = h('div', { class: 'sentinel' });
  fill(
    el,
    hero(),
    h(
      'section',
      { class: 'shelf', 'aria-label': 'Products' },
      h(
        'div',
        { class: 'filters' },
        h(
          'label',
          { class: 'search', for: 'search' },
          icon('search'),
          h('span', { class: 'visually-hidden' }, 'Search products'),
          search,
        ),
        chips,
      ),
      count,
      results,
      sentinel,
    ),
  );

  let unmounted = false;
  const isNarrowed = () => chosen.category !== null || chosen.text !== '';

  const matches = (product) => {
    if (chosen.category !== null && product.category !== chosen.category) return false;
    const words = chosen.text.toLowerCase().split(/\s+/).filter(Boolean);
    const text = `${product.name} ${product.vendor} ${product.category} ${product.externalProductId}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };

  const drawChips = () => {
    const names = [...new Set(catalogue.products.map((product) => product.category))];
    const chip = (text, category) =>
      h(
        'button',
        {
          type: 'button',
          class: 'chip',
          'aria-pressed': String(chosen.category === category),
          on: { click: () => narrow({ category }) },
        },
        text,
      );
    fill(
      chips,
      chip('Everything', null),
      names.map((name) => chip(name, name)),
    );
  };

  const draw = () => {
    if (unmounted) return;
    drawChips();
    const shown = catalogue.products.filter(matches);
    const grid = (products) =>
      h(
        'div',
        { class: 'grid' },
        products.map((product, index) => productCard(product, { eager: index < 4 })),
        !catalogue.isComplete && products === shown ? skeletons(4, 'skeleton-card') : null,
      );
    count.textContent = isNarrowed() && catalogue.isComplete ? plural(shown.length, 'product') : '';
    if (shown.length === 0 && catalogue.isComplete) {
      fill(
        results,
        emptyState({
          symbol: 'search',
          title: 'Nothing fits',
          text: 'No product matches what you are looking for.',
          action: h(
            'button',
            { type: 'button', class: 'button', on: { click: () => narrow({ category: null, text: '' }) } },
            'Show everything',
          ),
        }),
      );
    } else if (isNarrowed()) fill(results, grid(shown));
    else
      fill(
        results,
        byCategory(shown).map(([name, products]) => h('section', { class: 'category' }, h('h2', {}, name), grid(products))),
        !catalogue.isComplete && h('div', { class: 'grid' }, skeletons(4, 'skeleton-card')),
      );
  };

  const load = async () => {
    if (catalogue.isComplete) return;
    try {
      await catalogue.loadMore();
      draw();
      // What is filtered or short of the window's end needs the rest at once.
      if (!unmounted && !catalogue.isComplete && (isNarrowed() || isNear(sentinel))) await load();
    } catch (error) {
      if (!unmounted)
        fill(
          results,
          errorState(error, () => {
            draw();
            load();
          }),
        );
    }
  };

  const narrow = (change) => {
    Object.assign(chosen, change);
    if (search.value !== chosen.text) search.value = chosen.text;
    draw();
    load();
    chips.querySelector('[aria-pressed="true"]')?.focus({ preventScroll: true });
  };

  const onSearch = () => {
    chosen.text = search.value.trim();
    draw();
    load();
  };
  search.addEventListener('input', onSearch);

  const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && load(), {
    rootMargin: '600px',
  });
  observer.observe(sentinel);
  draw();
  load();
  return () => {
    unmounted = true;
    observer.disconnect();
  };
}

const isNear = (el) => el.getBoundingClientRect().top < innerHeight + 600;

function byCategory(products) {
  const groups = new Map();
  for (const product of products) groups.set(product.category, [...(groups.get(product.category) ?? []), product]);
  return [...groups];
}
