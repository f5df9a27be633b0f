export { type ParseOptions, parseScenario, type ScenarioResult } from './parse-scenario.ts';
export { formatProblem, type Problem } from './problem.ts';
export { scenarioJsonSchema, scenarioSchema } from './schema.ts';
