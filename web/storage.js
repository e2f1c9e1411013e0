// JSON in web storage. A full or forbidden storage must not stop the shop: reads fall back, writes are dropped.

const open = (area) => ({
  read(key, fallback) {
    try {
      return JSON.parse(area().getItem(key)) ?? fallback;
    } catch {
      return fallback;
    }
  },
  write(key, value) {
    try {
      if (value === null) area().removeItem(key);
      else area().setItem(key, JSON.stringify(value));
    } catch {
      // Private windows and full disks refuse writes; the page keeps its in-memory state.
    }
  },
});

/** Shared by every tab of this browser. */
export const shared = open(() => localStorage);

/** Belongs to this tab alone and survives its reloads. */
export const tab = open(() => sessionStorage);
