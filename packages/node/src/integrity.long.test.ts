import { integritySuite } from './testing/integrity-suite.ts';

integritySuite(20);
