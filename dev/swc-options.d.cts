import type { Options } from '@swc/core';

declare const options: Options;
export = options;
