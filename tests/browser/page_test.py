#!/usr/bin/python3
"""A report's page in a real browser, as wide as a desk's screen and as a phone's: everything is drawn, nothing overlaps or is cut off, it can be
read in the dark and on paper, tables can be sorted, and the numbers behind every plot can be saved. The shebang names Debian's own Python, which
has Debian's selenium."""
import base64
import html
import io
import json
import re
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from reports import ROOT, make_database, make_report, skip

try:
    from PIL import Image
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.keys import Keys
except ImportError as missing:
    skip(f"no {missing.name} in {shutil.sys.executable} (apt-get install python3-selenium python3-pil)")

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
WIDTHS = {"desk": 1280, "phone": 390}
PAPER = 1031  # CSS pixels between the margins of an A4 page on its side
SMALLEST_TEXT = 9  # pixels
SHRUNK, PART = 0.25, 8000  # scale of pictures of a page, and the height of their parts in its pixels


def start_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--force-device-scale-factor=1"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service(DRIVER), options=options)


def requests_of(driver):
    """Addresses that were asked for, other than files and what stands in the page itself."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    addresses = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [address for address in addresses if not address.startswith(("file:", "data:", "blob:"))]


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        real = shutil.copy(ROOT / "results" / "ablation" / "freeact_plus_diffusion_w4a4.db", cls.folder / "real.db")
        cls.reports = {"made": make_report(make_database(cls.folder / "made.db"), cls.folder / "made"),
                       "real": make_report(real, cls.folder / "real")}
        cls.driver = start_browser()
        cls.addClassCleanup(cls.driver.quit)
        cls.tabs = {}
        for report, folder in cls.reports.items():
            cls.driver.switch_to.new_window("tab")
            cls.driver.get((folder / "report.html").as_uri())
            cls.driver.execute_script(CHECKS)
            cls.tabs[report] = cls.driver.current_window_handle

    def show(self, report, width=WIDTHS["desk"], media="screen", dark=False):
        self.driver.switch_to.window(self.tabs[report])
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})

    def reload(self):
        self.driver.refresh()
        self.driver.execute_script(CHECKS)

    def ask(self, script, *arguments):
        return self.driver.execute_script("return " + script, *arguments)

    def each_view(self):
        for report in self.reports:
            for name, width in WIDTHS.items():
                with self.subTest(report=report, view=name):
                    self.show(report, width)
                    yield report

    def test_loads_in_silence_and_without_network(self):
        for report in self.reports:
            self.show(report)
            self.reload()
        self.assertEqual([entry["message"] for entry in self.driver.get_log("browser")], [])
        self.assertEqual(requests_of(self.driver), [])

    def test_the_checks_themselves_see_what_is_wrong(self):
        self.show("real", WIDTHS["phone"])
        self.addCleanup(self.reload)
        self.driver.execute_script("""document.body.insertAdjacentHTML('afterbegin', `
            <p style="white-space: nowrap">${'wide '.repeat(50)}</p><p style="margin-bottom: -3em">under</p><p>over</p>
            <p style="color: #999; background: #fff">faint</p><a href="#nowhere" id="runs">dead</a>
            <svg class="plot" width="90" height="20" viewBox="0 0 180 40"><text x="5" y="20">one</text><text x="9" y="20">two</text>
            <text x="170" y="20">cut</text></svg>`)""")
        for check in ("tooWide()", "overlaps()", "faintTexts(4.5)", "deadAnchors()", "repeatedIds()", "smallTexts(9)"):
            self.assertNotEqual(self.ask(f"checks.{check}"), [], check)
        self.assertRegex(str(self.ask("checks.crowdedTexts()")), "cut off.*one.*two")

    def test_nothing_is_wider_than_the_page_or_covers_another_thing(self):
        for _ in self.each_view():
            self.assertEqual(self.ask("checks.tooWide()"), [])
            self.assertEqual(self.ask("checks.overlaps()"), [])

    def test_texts_of_plots_are_whole_apart_and_large_enough(self):
        for _ in self.each_view():
            self.assertEqual(self.ask("checks.crowdedTexts()"), [])
            self.assertEqual(self.ask("checks.smallTexts(arguments[0])", SMALLEST_TEXT), [])

    def test_every_figure_is_drawn(self):
        for report, view in (("made", "phone"), ("real", "desk")):  # pictures take long
            self.show(report, WIDTHS[view])
            boxes = self.ask("checks.boxes('figure svg, figure img')")
            self.assertGreater(len(boxes), 3 if report == "real" else 10)
            page = self.picture()
            for name, left, top, width, height in boxes:
                drawn = page.crop([round(SHRUNK * edge) for edge in (left, top, min(left + width, page.width / SHRUNK), top + height)])
                self.assertGreater(min(width, height), 20, name)
                self.assertGreater(len(drawn.getcolors(maxcolors=1 << 24)), 3, name)

    def picture(self):
        """The whole page, shrunk; taken in parts, as there is a tallest picture that a browser takes."""
        width, height = self.ask("[innerWidth, document.documentElement.scrollHeight]")
        page = Image.new("RGB", (round(SHRUNK * width), round(SHRUNK * height)))
        for top in range(0, height, PART):
            clip = {"x": 0, "y": top, "width": width, "height": min(PART, height - top), "scale": SHRUNK}
            shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip,
                                                                                "optimizeForSpeed": True})
            page.paste(Image.open(io.BytesIO(base64.b64decode(shot["data"]))), (0, round(SHRUNK * top)))
        return page

    def test_every_link_leads_somewhere_and_every_name_is_there_once(self):
        for report in self.reports:
            self.show(report)
            self.assertEqual(self.ask("checks.repeatedIds()"), [])
            self.assertEqual(self.ask("checks.deadAnchors()"), [])
            for file in self.ask("checks.linkedFiles()"):
                self.assertTrue((self.reports[report] / file).is_file(), file)

    def test_a_cell_leads_to_its_runs(self):
        for report in self.reports:
            self.show(report)
            links = self.ask("checks.runLinks()")
            self.assertGreater(len(links), 30)
            for text, first_cell in links:
                self.assertEqual(text, first_cell)
            self.driver.find_element("css selector", "td a[href^='#run-']").click()
            self.assertTrue(self.ask("checks.isVisible(document.querySelector('tr:target'))"))

    def test_tables_are_sorted_by_number_and_back_again(self):
        self.show("real")
        column, before = self.column("main_W4A4", "NLL")
        numbers = [float(text.split()[0]) for text in before]
        button = self.driver.find_element("css selector", f"#main_W4A4 th:nth-child({column + 1}) button")
        button.click()
        self.assertEqual(button.find_element("xpath", "..").get_attribute("aria-sort"), "ascending")
        self.assertEqual([float(text.split()[0]) for text in self.column("main_W4A4", "NLL")[1]], sorted(numbers))
        button.send_keys(Keys.ENTER)
        self.assertEqual([float(text.split()[0]) for text in self.column("main_W4A4", "NLL")[1]], sorted(numbers)[::-1])
        button.send_keys(Keys.SPACE)
        self.assertEqual(self.column("main_W4A4", "NLL")[1], before)
        self.assertIsNone(button.find_element("xpath", "..").get_attribute("aria-sort"))

    def column(self, table, heading):
        """Its place, and its texts from top to bottom without notes."""
        return self.ask("checks.column(arguments[0], arguments[1])", table, heading)

    def test_negative_and_missing_numbers_find_their_places(self):
        self.show("real")
        self.addCleanup(self.reload)
        for heading, missing in (("Mean", 0), ("McNemar", 11)):
            column, before = self.column("differences_W4A4", heading)
            self.driver.find_element("css selector", f"#differences_W4A4 th:nth-child({column + 1}) button").click()
            texts = self.column("differences_W4A4", heading)[1]
            numbers = [float(re.sub(r"^< ", "", text.replace("−", "-")).split()[0]) for text in texts if text != "–"]
            self.assertEqual(sorted(texts), sorted(before))
            self.assertEqual(numbers, sorted(numbers))
            self.assertEqual(texts[len(numbers):], ["–"] * missing)

    def test_the_page_saves_the_same_numbers_as_the_files_beside_it(self):
        for report, folder in self.reports.items():
            self.show(report)
            offered = self.driver.execute_async_script("checks.offered().then(arguments[0])")
            self.assertEqual(set(offered), set(self.ask("checks.names('figure:not(:has(.cards))')")))
            for name, text in offered.items():
                with self.subTest(report=report, name=name):
                    self.assertTrue(text == self.file_of(folder, name), text[:200])

    def file_of(self, folder, name):
        if not name.startswith("figure-"):
            return (folder / "tables" / f"{name}.csv").read_bytes().decode()
        svg = (folder / "figures" / f"{name.removeprefix('figure-')}.svg").read_bytes().decode()
        return html.unescape(re.search("<metadata>(.*)</metadata>", svg, re.DOTALL)[1])

    def test_a_click_saves_a_file(self):
        downloads = self.folder / "downloads"
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
        self.show("real")
        self.driver.find_element("css selector", "#figure-layer_errors_W4A4 button.data").click()
        saved = downloads / "figure-layer_errors_W4A4.csv"
        for _ in range(100):
            if saved.exists():
                break
            time.sleep(0.05)
        self.assertIn("RTN", saved.read_text(encoding="utf-8"))

    def test_an_answer_is_written_again_step_by_step(self):
        self.show("made")
        self.addCleanup(self.reload)
        card = self.driver.find_element("css selector", ".unmasking")

        def written():
            return self.ask("[...arguments[0].querySelectorAll('i:not(.open)')].map(token => Number(token.dataset.t))", card)

        everything = written()
        slider = card.find_element("css selector", "input")
        self.driver.execute_script("arguments[0].value = 3; arguments[0].dispatchEvent(new Event('input'))", slider)
        self.assertEqual(set(written()), {0, 1, 2})
        card.find_element("css selector", ".steps button").click()
        self.wait_until(lambda: written() == everything)

    def test_samples_are_browsed_and_filtered(self):
        self.driver.switch_to.new_window("tab")
        self.addCleanup(lambda: (self.driver.close(), self.driver.switch_to.window(self.tabs["made"])))
        for name, width in WIDTHS.items():
            with self.subTest(view=name):
                self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
                self.driver.get((self.reports["made"] / "samples.html").as_uri())
                self.driver.execute_script(CHECKS)
                self.wait_until(lambda: self.count("article") > 0)
                for check in ("tooWide()", "repeatedIds()", "faintTexts(4.5)"):
                    self.assertEqual(self.ask(f"checks.{check}"), [], check)
        tasks = self.driver.find_elements("css selector", "#task option")
        next(option for option in tasks if option.text.startswith("shapes")).click()
        self.wait_until(lambda: self.count("article img") == 3)
        self.assertGreater(self.count(".unmasking i"), 20)
        self.driver.find_element("css selector", "#show option[value=right]").click()
        self.wait_until(lambda: self.count("article") == 1)  # one of the three is answered rightly by all
        self.assertEqual([entry["message"] for entry in self.driver.get_log("browser")], [])

    def count(self, selector):
        return len(self.driver.find_elements("css selector", selector))

    def wait_until(self, reached):
        for _ in range(300):
            if reached():
                return
            time.sleep(0.05)
        self.fail("not in 15 seconds")

    def test_texts_have_contrast_by_day_and_night(self):
        for report in self.reports:
            for dark in (False, True):
                with self.subTest(report=report, dark=dark):
                    self.show(report, dark=dark)
                    self.assertEqual(self.ask("checks.isDark()"), dark)
                    self.assertEqual(self.ask("checks.faintTexts(4.5)"), [])

    def test_paper_shows_whole_tables_in_light_colours(self):
        for report in self.reports:
            self.show(report, PAPER, media="print", dark=True)
            self.assertFalse(self.ask("checks.isDark()"))
            self.assertEqual(self.ask("checks.clippedTables()"), [])


if __name__ == "__main__":
    if not (Path(CHROMIUM).exists() and Path(DRIVER).exists()):
        skip("no Chromium with its driver (apt-get install chromium chromium-driver)")
    unittest.main()
