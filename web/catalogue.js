// The catalogue as far as it has been loaded, shared by the pages.
import { getProduct, listProducts } from './api.js';
import { billingSuffix } from './format.js';

const PAGE_SIZE = 60;

class Catalogue {
  /** Products loaded so far, in the server's order (category, name). */
  products = [];
  #total = null;
  #loading = null;
  #bySku = new Map();

  /** Whether everything has been loaded. */
  get isComplete() {
    return this.#total !== null && this.products.length >= this.#total;
  }

  /** Loads the next page; calls that overlap share one request. */
  loadMore() {
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  /** One product, from what is loaded or from the server. */
  async find(sku) {
    return this.#bySku.get(sku) ?? getProduct(sku);
  }

  /** Asks the server anew, for today's price. */
  async refresh(sku) {
    const product = await getProduct(sku);
    if (this.#bySku.has(sku)) Object.assign(this.#bySku.get(sku), product);
    return product;
  }

  async #load() {
    if (this.isComplete) return;
    const page = await listProducts(this.products.length, PAGE_SIZE);
    const fresh = page.items.filter((product) => !this.#bySku.has(product.externalProductId));
    for (const product of fresh) this.#bySku.set(product.externalProductId, product);
    this.products.push(...fresh);
    // A page without news means the catalogue shrank meanwhile: stop asking.
    this.#total = fresh.length === 0 ? this.products.length : page.total;
  }
}

/** The cart line of a product. */
export const toLine = (product) => ({
  productId: product.externalProductId,
  name: product.name,
  imageUrl: product.imageUrl,
  unitPrice: product.price,
  suffix: billingSuffix(product),
  stock: product.stock,
});

export const catalogue = new Catalogue();
