import {
  type Kysely,
  type KyselyPlugin,
  OperationNodeTransformer,
  RawNode,
  type SelectQueryNode,
  SqliteIntrospector,
  TableNode,
  WhereNode,
} from "kysely";

/** Tables of Cloudflare's own, in D1 and Durable Objects, about which nobody may ask. */
const OTHERS = RawNode.createWithSql(String.raw`name not like '\_cf\_%' escape '\'`);

class OwnTables extends OperationNodeTransformer {
  protected override transformSelectQuery(
    ...args: Parameters<OperationNodeTransformer["transformSelectQuery"]>
  ): SelectQueryNode {
    const node = super.transformSelectQuery(...args);
    const isOfSchema = node.from?.froms.some(
      (from) => TableNode.is(from) && from.table.identifier.name === "sqlite_master",
    );
    return isOfSchema && node.where
      ? { ...node, where: WhereNode.cloneWithOperation(node.where, "And", OTHERS) }
      : node;
  }
}

const plugin: KyselyPlugin = {
  transformQuery: ({ node, queryId }) => new OwnTables().transformNode(node, queryId),
  transformResult: ({ result }) => Promise.resolve(result),
};

/** Kysely's own, without the tables that are the platform's. */
// oxlint-disable-next-line typescript/no-explicit-any -- as Kysely declares it
export function introspectSqlite(kysely: Kysely<any>): SqliteIntrospector {
  return new SqliteIntrospector(kysely.withPlugin(plugin));
}
