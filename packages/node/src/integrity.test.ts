import { integritySuite } from './testing/integrity-suite.ts';

// A few seeds at every save; all of them in integrity.long.test.ts.
integritySuite(3);
