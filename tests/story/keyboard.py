"""A person without a mouse: Tab to a thing, see that it has the focus, and press a key."""

import re
from datetime import datetime
from pathlib import Path

from playwright.sync_api import ElementHandle, Locator, expect

from tests.story.people import CONFIRMING, Person, totp

# Each page is worked through in fewer steps than this, menus and tables included.
TABS_AT_MOST = 160
# A press of a mouse or a finger becomes a fault of the page; keys make clicks too, but no pointer goes down.
_NO_MOUSE = "addEventListener('pointerdown', () => console.error('A pointer was used.'), true)"
_IS_FOCUSED = "thing => thing === document.activeElement"
_FOLLOWS = """thing => document.activeElement === document.body
  || !(document.activeElement.compareDocumentPosition(thing) & Node.DOCUMENT_POSITION_PRECEDING)"""
# An outline on the thing, or on its label where the style sheet draws the box there; and nothing in front of it.
_SHOWS_FOCUS = """thing => {
  const label = thing.labels && thing.labels[0];
  const looks = [getComputedStyle(thing)];
  if (label) looks.push(getComputedStyle(label), getComputedStyle(label, "::before"));
  if (!looks.some((look) => look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0)) return "no outline";
  const drawn = ["checkbox", "radio"].includes(thing.type) && label ? label : thing;
  const box = drawn.getBoundingClientRect();
  if (box.bottom <= 0 || box.top >= innerHeight) return "out of view";
  const x = box.left + Math.min(box.width / 2, 12);
  const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 14), 1), innerHeight - 1);
  const there = document.elementFromPoint(x, y);
  return there && (drawn.contains(there) || there.contains(drawn)) ? "" : "behind " + (there && there.className);
}"""


class Typist(Person):
    """Takes every step by keyboard; ``follow`` and ``press`` of people with a mouse are not for them."""

    axe_at_320 = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.context.add_init_script(_NO_MOUSE)
        # From now on, not from one choice of a file to the next: a window for it that opens meanwhile is waited for in vain.
        self.page.on("filechooser", lambda chooser: None)

    # --- To a thing ----------------------------------------------------------------------------------------------

    def reach(self, thing: Locator) -> Locator:
        """Move by Tab, or back by Shift and Tab, until this one thing has the focus, and it shows."""
        expect(thing).to_have_count(1)
        handle = thing.element_handle()
        assert handle is not None
        if not handle.evaluate(_IS_FOCUSED):
            self._tab(handle, "Tab" if handle.evaluate(_FOLLOWS) else "Shift+Tab", thing)
        if fault := handle.evaluate(_SHOWS_FOCUS):
            self._fault(f"the focus of {thing} does not show: {fault}")
        return thing

    def _tab(self, handle: ElementHandle, key: str, thing: Locator) -> None:
        for _ in range(TABS_AT_MOST):
            self.page.keyboard.press(key)
            if handle.evaluate(_IS_FOCUSED):
                return
        raise AssertionError(f"{self.name} does not reach {thing} at {self.path} by the keyboard.")

    def _named(self, role: str, name: str | re.Pattern, within: Locator | None) -> Locator:
        """The first thing of a role by its words, as far as it can be seen."""
        found = (within or self.page.locator("body")).get_by_role(role, name=name)  # type: ignore[arg-type]
        return found.filter(visible=True).and_(self.page.locator(":not([aria-hidden=true])")).first

    def _field(self, label: str, within: Locator | None = None) -> Locator:
        """A field by its label, whether or not that says that it is optional."""
        whole = re.compile(rf"^\s*{re.escape(label)}(\s+\(optional\))?\s*$")
        fields = self.page.locator("input, textarea, select")
        return (within or self.page.locator("main")).get_by_label(whole).and_(fields).filter(visible=True)

    # --- What they do there --------------------------------------------------------------------------------------

    def follow(self, name: str | re.Pattern, *, within: Locator | None = None) -> "Typist":
        return self.enter("link", name, within or self.page.locator("main"))

    def press(self, name: str | re.Pattern, *, within: Locator | None = None) -> "Typist":
        return self.enter("button", name, within or self.page.locator("main"))

    def enter(self, role: str, name: str | re.Pattern, within: Locator) -> "Typist":
        """Press Enter on a link or a button that leads to another page, and look at that."""
        self.reach(self._named(role, name, within))
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press("Enter")
        self.look()
        return self.enter(role, name, within) if self.confirms() else self

    def confirms(self) -> bool:
        if not self.path.startswith(CONFIRMING):
            return False
        field = self.reach(self.page.get_by_label("code"))
        self.page.keyboard.type(self.code())
        expect(field).to_have_value(re.compile(r"^\d{6}$"))
        self.reach(self._named("button", "Confirm", self.page.locator("main")))
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press("Enter")
        return True

    def open_row(self, *words: str) -> "Typist":
        row = self.page.locator("main").get_by_role("row")
        for word in words:
            row = row.filter(has_text=word)
        expect(row).to_have_count(1)
        return self.enter("link", re.compile("."), row)

    def toggle(self, name: str, *, within: Locator | None = None) -> "Typist":
        """Press a button that changes something on this page."""
        self.reach(self._named("button", name, within))
        self.page.keyboard.press("Enter")
        return self

    def type(self, label: str, text: str, *, within: Locator | None = None) -> "Typist":
        """Type into a field, over what stands there."""
        field = self.reach(self._field(label, within))
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        expect(field).to_have_value(text)
        return self

    def choose(self, label: str, option: str) -> "Typist":
        """Choose of a list by its first letters, as its browser lets one."""
        field = self.reach(self._field(label))
        self.page.keyboard.type(option)
        expect(field.locator("option:checked")).to_contain_text(option)
        return self

    def tick(self, label: str | re.Pattern) -> "Typist":
        box = self.reach(self.page.locator("main").get_by_label(label))
        self.page.keyboard.press("Space")
        expect(box).to_be_checked()
        return self

    def pick(self, option: str, *, within: Locator | None = None) -> "Typist":
        """Pick one of several by the arrow keys: Tab leads to the one that is picked, or to the first."""
        buttons = (within or self.page.locator("main")).get_by_role("radio")
        picked = buttons.and_(self.page.locator(":checked"))
        self.reach(picked if picked.count() else buttons.first)
        wanted = buttons.and_(self.page.get_by_label(re.compile(f"^{re.escape(option)}")))
        for _ in range(buttons.count()):
            if wanted.is_checked():
                break
            self.page.keyboard.press("ArrowDown")
        expect(wanted).to_be_checked()
        return self

    def write_date(self, label: str, at: datetime) -> "Typist":
        """Type a date, month first as this browser's language has it."""
        group = self.page.get_by_role("group", name=re.compile(label))
        day = self.reach(group.get_by_label("Date"))
        self.page.keyboard.type(f"{at:%m%d%Y}")
        expect(day).to_have_value(f"{at:%Y-%m-%d}")
        return self

    def attach(self, path: Path) -> "Typist":
        """Choose a file in the browser's own window for it, opened by a key."""
        self.reach(self.page.locator("main input[type=file]"))
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Enter")
        chooser.value.set_files(path)
        return self

    def begin(self, role: str, name: str | re.Pattern) -> None:
        self.reach(self._named(role, name, self.page.locator("main")))
        self.page.keyboard.press("Enter")

    def sign_in(self) -> "Typist":
        account = self.stack.account(self.email)
        self.go("/account/login/").type("E-mail address", self.email).type("Password", account["password"])
        self.press("Sign in")
        self.type("Code", totp(account["totp_secret"])).press("Go on")
        return self
