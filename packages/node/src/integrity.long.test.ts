// The same tests with all of their seeds: NETARIUM_SUITE tells them.
import './integrity.test.ts';
