#!/usr/bin/env node
// The command `ippool`. In a checkout that was never set up (npm no longer runs `prepare` for a global install of a
// folder unless it is told to) it does that first; an installed package is compiled already, and has its stamp too. The
// stamp is the last that a set-up writes: dist/main.js is there before what it imports.
import { existsSync } from 'node:fs';

if (!existsSync(new URL('../dist/.compiled', import.meta.url))) await import('./setup.mjs');
if (!process.exitCode) await import('../dist/main.js');
