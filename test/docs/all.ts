import { together } from '../support/together.ts';

await together(new URL('./', import.meta.url));
