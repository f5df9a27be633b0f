export { nearestWord } from '../base/nearest-word.ts';
