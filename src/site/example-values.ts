/** Values that all examples share: one execution, one key. */

export const ID_EXAMPLE =
  'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_2019-05-11T19:39:55.317Z_MotionSensor_69b151ad-a611-42f5-ac21-fe537f9868ad';
export const FLOW_EXAMPLE = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow';
export const CURSOR_EXAMPLE = 'AQAAAAIJ8DYXWibhWgA0RWzlmBapsEcq6OtPEiMz';
/** A cursor of a list. */
export const LIST_CURSOR_EXAMPLE =
  'AjA4NjM4NDQwODYwOTM0MzQ0LmIyNWM0YmNmNTRiZDZlMDQ5YzQ1YjM0ZjI5NjI5YjI4AGhoVrXvrnBwjpCm5rsPQsg';
export const REQUEST_ID_EXAMPLE = '3c68163c-e2c1-43db-a537-3840e56e7fe7';
export const KEY_ID_EXAMPLE = 'dUeug5aB';
