/** Limits of the contract (PROTOCOL §2): part of the meaning of the log, so not configurable. */
export const TEXT_MAX_CODE_POINTS = 8_000;
export const TITLE_MAX_CODE_POINTS = 200;
export const DISPLAY_NAME_MAX_CODE_POINTS = 100;
export const GROUP_MAX_MEMBERS = 10_000;
export const MESSAGE_MAX_FILES = 10;
export const MESSAGE_MAX_MENTIONS = 100;
export const MESSAGE_MAX_EMOJIS = 20;
/** How far ahead of the server's clock the time in a client's ULID may be. */
export const ID_SKEW_MS = 120_000;
/** `userIds` of a reaction and other previews name the first so many. */
export const REACTION_USERS_SHOWN = 20;
/** Receipts and typing of others are told in chats of at most so many members. */
export const RECEIPTS_MAX_MEMBERS = 100;
