#!/usr/bin/env node
// The command `ippool`. In a checkout that was never set up (npm no longer runs `prepare` for a global install of a
// folder unless it is told to) it does that first; an installed package is compiled already.
import { existsSync } from 'node:fs';

if (!existsSync(new URL('../dist/main.js', import.meta.url))) await import('./setup.mjs');
if (!process.exitCode) await import('../dist/main.js');
