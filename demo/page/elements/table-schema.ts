// A table's columns, indexes, triggers, and the statements that made them.

import { html, nothing, type TemplateResult } from "lit";
import type { ColumnInfo, IndexInfo, TableSchema } from "../catalog.ts";
import "./code-block.ts";

export function tableSchema({ columns, indexes, triggers, sql }: TableSchema): TemplateResult {
  return html`<div class="schema">
    <div class="table-scroll" tabindex="0" role="region" aria-label="Columns">
      <table>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Type</th>
            <th scope="col">Key</th>
            <th scope="col">Required</th>
            <th scope="col">Default</th>
            <th scope="col">Refers to</th>
          </tr>
        </thead>
        <tbody>
          ${columns.map(columnRow)}
        </tbody>
      </table>
    </div>
    ${
      indexes.length === 0
        ? nothing
        : html`<h3>Indexes</h3>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Indexes">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Index</th>
                    <th scope="col">Columns</th>
                    <th scope="col">Unique</th>
                    <th scope="col">Made by</th>
                  </tr>
                </thead>
                <tbody>
                  ${indexes.map(indexRow)}
                </tbody>
              </table>
            </div>`
    }
    ${
      triggers.length === 0
        ? nothing
        : html`<h3>Triggers</h3>
            <ul>
              ${triggers.map(({ name }) => html`<li><code>${name}</code></li>`)}
            </ul>`
    }
    <h3>Statements</h3>
    <code-block
      language="sql"
      label="Statements that created it"
      .code=${[sql, ...triggers.map((trigger) => `${trigger.sql};`)].join("\n\n")}
    ></code-block>
  </div>`;
}

function columnRow(column: ColumnInfo): TemplateResult {
  return html`<tr>
    <th scope="row">${column.name}</th>
    <td><code>${column.type.toLowerCase()}</code>${column.isGenerated ? " generated" : nothing}</td>
    <td>${column.key === 0 ? "" : column.key === 1 ? "primary" : `primary, part ${column.key}`}</td>
    <td>${column.isRequired ? "yes" : ""}</td>
    <td>${column.fallback === null ? "" : html`<code>${column.fallback}</code>`}</td>
    <td>${column.reference ?? ""}</td>
  </tr>`;
}

function indexRow({ name, columns, isUnique, origin }: IndexInfo): TemplateResult {
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${columns}</td>
    <td>${isUnique ? "yes" : ""}</td>
    <td>${origin}</td>
  </tr>`;
}
