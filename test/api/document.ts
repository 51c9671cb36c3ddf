import assert from 'node:assert/strict';
import request, { type Response } from 'supertest';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

type Schema = TSchema & {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
};

interface Answer {
  readonly description: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: TSchema }>>;
  };
  readonly responses: Readonly<Record<string, Answer>>;
}

export interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The document as a client gets it. */
export async function documentOf(handler: Parameters<typeof request>[0]): Promise<Document> {
  const answer = await request(handler)
    .get('/api/v1/openapi.json')
    .expect(200)
    .expect('Content-Type', /^application\/json/);
  return answer.body as Document;
}

export const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
  );

/** Asserts that the document describes every line of an answer, to the last member, and returns them. */
export function assertLinesDescribed(document: Document, answer: Answer | undefined, response: Response): object[] {
  const schema = answer?.content?.['application/x-ndjson']?.schema;
  assert.ok(schema, response.text);
  const compiled = Compile(schema);
  return response.text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const entry = JSON.parse(line) as object;
      assert.ok(compiled.Check(entry), `${JSON.stringify(compiled.Errors(entry))} ${line}`);
      assert.deepEqual(undescribed(document, schema, entry), [], line);
      return entry;
    });
}

/** Asserts that the document describes an answer, to the last member. @param what for messages */
export function assertDescribed(document: Document, answer: Answer | undefined, response: Response, what: string) {
  assert.ok(answer, `${what} is not described: ${response.text}`);
  const missing = Object.keys(answer.headers).filter((name) => name !== 'Link' && response.get(name) === undefined);
  assert.deepEqual(missing, [], `${what}: headers`);
  if (!answer.content) {
    assert.equal(response.text, '', what);
    return;
  }
  const schema = answer.content['application/json']?.schema;
  assert.ok(schema, `${what} has no schema`);
  const body: unknown = response.body;
  const compiled = Compile(followed(document, schema));
  assert.ok(compiled.Check(body), `${what}: ${JSON.stringify(compiled.Errors(body))} ${response.text}`);
  assert.deepEqual(undescribed(document, schema, body), [], `${what}: members that are not described`);
}

function followed({ components }: Document, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  return components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? assert.fail(schema.$ref);
}

/** Where a value has members that its schema does not know. */
function undescribed(document: Document, reference: Schema, value: unknown, path = ''): string[] {
  const schema = followed(document, reference);
  if (schema.anyOf) {
    const fitting = schema.anyOf.filter((one) => Compile(one).Check(value));
    const found = fitting.map((one) => undescribed(document, one, value, path));
    return found.sort((a, b) => a.length - b.length)[0] ?? [`${path} fits nothing`];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => undescribed(document, items, item, `${path}/${index}`)) : [];
  }
  const { properties } = schema;
  if (!properties || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = properties[name];
    return known ? undescribed(document, known, member, `${path}/${name}`) : [`${path}/${name}`];
  });
}
