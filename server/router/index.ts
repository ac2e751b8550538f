// The router: front door of the lab, with gorouter's table and manners.
export {
  type Access,
  createFrontDoor,
  type FrontDoor,
  type FrontDoorOptions,
  type RouterStatus,
} from './front-door.ts';
export { hostOf, isSystemHost } from './hosts.ts';
