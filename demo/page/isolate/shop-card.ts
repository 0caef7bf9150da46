// The shop, through the Worker's API: search, order, report.

import { html, nothing, svg, type TemplateResult } from "lit";
import type { Product, SalesReport } from "../../worker/report.ts";
import { PageElement } from "../element.ts";
import { count } from "../format.ts";
import { api, ApiError } from "./api.ts";
import { isolate } from "./isolate.ts";

const PAGE = "12";
const TYPING_MS = 200;
const CUSTOMER = 1;
const BAR_WIDTH = 220;

export class ShopCard extends PageElement {
  #products: readonly Product[] = [];
  #next: number | null = null;
  #categories: readonly string[] = [];
  #report: SalesReport | undefined;
  #search = "";
  #category = "";
  #notice = "";
  #problem = "";
  #typing: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#ask(async () => {
      const [{ categories }] = await Promise.all([api.categories(), this.#find()]);
      this.#categories = categories;
    });
  }

  override render(): TemplateResult {
    return html`<section class="card shop" aria-labelledby="shop-title">
        <header class="card-head">
          <h2 id="shop-title">The shop, through the API</h2>
          <label class="inline push"
            >Search <input type="search" maxlength="100" .value=${this.#search} @input=${this.#type}
          /></label>
          <label class="inline"
            >Category
            <select @change=${this.#choose}>
              <option value="">all</option>
              ${this.#categories.map((name) => html`<option>${name}</option>`)}
            </select>
          </label>
        </header>
        ${this.#problem ? html`<p class="failure" role="alert">${this.#problem}</p>` : nothing} ${this.#list()}
        <div class="bar">
          ${
            this.#next === null
              ? nothing
              : html`<button type="button" @click=${() => this.#ask(() => this.#find(this.#next))}>More</button>`
          }
          <button type="button" @click=${() => this.#ask(() => this.#readReport())}>Sales report</button>
          <p class="summary" role="status" aria-live="polite">${this.#notice}</p>
        </div>
      </section>
      ${this.#report ? this.#sales(this.#report) : nothing}`;
  }

  #list(): TemplateResult {
    if (this.#products.length === 0) return html`<p class="empty">No such products.</p>`;
    return html`<div class="table-scroll" tabindex="0" role="region" aria-label="Products">
      <table>
        <thead>
          <tr>
            <th scope="col">Product</th>
            <th scope="col">Category</th>
            <th scope="col" class="number">Price</th>
            <th scope="col" class="number">In stock</th>
            <th scope="col"><span class="unseen">Order</span></th>
          </tr>
        </thead>
        <tbody>
          ${this.#products.map(
            (product) =>
              html`<tr>
                <td>${product.name}</td>
                <td>${product.category}</td>
                <td class="number">${money(product.priceCents)}</td>
                <td class="number">${count(product.stock)}</td>
                <td>
                  <button
                    type="button"
                    class="link"
                    aria-label="Order one: ${product.name}"
                    @click=${() => this.#ask(() => this.#order(product))}
                  >
                    Order one
                  </button>
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  #sales({ categories, orders, revenueCents }: SalesReport): TemplateResult {
    const most = Math.max(1, ...categories.map((row) => row.revenueCents));
    return html`<section class="card" aria-labelledby="sales-title">
      <header class="card-head">
        <h2 id="sales-title">Sales</h2>
        <span class="hint">${count(orders)} orders, ${money(revenueCents)}: two queries, one flight</span>
      </header>
      <div class="table-scroll" tabindex="0" role="region" aria-label="Sales by category">
        <table>
          <thead>
            <tr>
              <th scope="col">Category</th>
              <th scope="col" class="number">Sold</th>
              <th scope="col" class="number">Revenue</th>
              <th scope="col"><span class="unseen">As a bar</span></th>
            </tr>
          </thead>
          <tbody>
            ${categories.map(
              (row) =>
                html`<tr>
                  <td>${row.category}</td>
                  <td class="number">${count(row.sold)}</td>
                  <td class="number">${money(row.revenueCents)}</td>
                  <td>
                    <svg width=${BAR_WIDTH} height="14" aria-hidden="true">
                      ${svg`<rect class="flight" y="2" width=${(row.revenueCents / most) * BAR_WIDTH} height="10" rx="2" />`}
                    </svg>
                  </td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  /** Reads a page of products: a new list, or what comes behind the one that is there. */
  async #find(after: number | null = null): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const query = { search: this.#search, category: this.#category, limit: PAGE, after: String(after ?? 0) };
    const { products, next } = await api.products(query, asking.signal);
    this.#products = after === null ? products : [...this.#products, ...products];
    this.#next = next;
  }

  async #order(product: Product): Promise<void> {
    const lines = [{ productId: product.id, quantity: 1 }];
    const { id, totalCents } = await isolate.watch(() => api.order({ customerId: CUSTOMER, lines }));
    const { products } = await api.products({ after: String(product.id - 1), limit: "1" });
    this.#products = this.#products.map((each) => products.find((fresh) => fresh.id === each.id) ?? each);
    this.#notice = `Order ${count(id)}: “${product.name}”, ${money(totalCents)}.`;
    if (this.#report) await this.#readReport();
  }

  async #readReport(): Promise<void> {
    this.#report = await api.report();
  }

  /** Shows what went wrong, if anything did; a question that a newer one has replaced is no failure. */
  async #ask(work: () => Promise<void>): Promise<void> {
    this.#problem = "";
    this.#notice = "";
    try {
      await work();
    } catch (error) {
      const isReplaced = error instanceof DOMException && error.name === "AbortError";
      if (!isReplaced) this.#problem = error instanceof ApiError ? error.message : "The Worker cannot be reached.";
    }
    this.requestUpdate();
    await isolate.refresh();
  }

  #type = (event: Event): void => {
    this.#search = (event.currentTarget as HTMLInputElement).value;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.#ask(() => this.#find()), TYPING_MS);
  };

  #choose = (event: Event): void => {
    this.#category = (event.currentTarget as HTMLSelectElement).value;
    void this.#ask(() => this.#find());
  };
}

function money(cents: number): string {
  return (cents / 100).toLocaleString("en", { style: "currency", currency: "EUR" });
}

customElements.define("shop-card", ShopCard);
