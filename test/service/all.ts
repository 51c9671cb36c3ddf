import { importTests } from '../support/import-tests.ts';

await importTests(new URL('./', import.meta.url));
