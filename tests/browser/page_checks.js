// What page_test.py asks a page. Every check returns what is wrong; an empty list is good.
window.checks = (() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const name = element => {
    const figure = element.closest('figure');
    const text = element.textContent.trim().slice(0, 40);
    return `${element.tagName.toLowerCase()} ${figure ? figure.id : ''} '${text}'`;
  };
  const isShown = box => box.width > 0 && box.height > 0;

  // The part of an element that its scrolling box lets through.
  const visibleBox = element => {
    const box = element.getBoundingClientRect();
    const wide = element.closest('.wide');
    if (!wide || wide === element) return box;
    const frame = wide.getBoundingClientRect();
    const left = Math.max(box.left, frame.left), right = Math.min(box.right, frame.right);
    return { left, right, top: box.top, bottom: box.bottom, width: right - left, height: box.height };
  };
  const common = (a, b) => [Math.min(a.right, b.right) - Math.max(a.left, b.left),
                            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
  const meet = (a, b, slack) => Math.min(...common(a, b)) > slack;

  const tooWide = () => {
    const width = document.documentElement.clientWidth;
    const wrong = all('body *').filter(e => !e.closest('.wide') && e.getBoundingClientRect().right > width + 0.5).map(name);
    if (document.documentElement.scrollWidth > window.innerWidth) wrong.push('the page scrolls sideways');
    return wrong;
  };
  const overlaps = () => {
    const things = all('h1, h2, p, .list, figcaption, .wide, .cards, nav').filter(e => isShown(e.getBoundingClientRect()));
    const boxes = things.map(visibleBox);
    const wrong = [];
    things.forEach((a, i) => things.slice(i + 1).forEach((b, j) => {
      if (!a.contains(b) && !b.contains(a) && meet(boxes[i], boxes[i + 1 + j], 1)) wrong.push(`${name(a)} and ${name(b)}`);
    }));
    return wrong;
  };
  const crowdedTexts = () => all('svg').flatMap(svg => {
    const frame = svg.getBoundingClientRect();
    const texts = all('text', svg).filter(text => text.textContent.trim());
    const boxes = texts.map(text => text.getBoundingClientRect());
    const cut = texts.filter((text, i) => boxes[i].left < frame.left - 1 || boxes[i].right > frame.right + 1 ||
                                          boxes[i].top < frame.top - 1 || boxes[i].bottom > frame.bottom + 1);
    const wrong = cut.map(text => `cut off: ${name(text)}`);
    texts.forEach((a, i) => texts.slice(i + 1).forEach((b, j) => {
      if (meet(boxes[i], boxes[i + 1 + j], 2)) wrong.push(`${name(a)} and ${name(b)}`);
    }));
    return wrong;
  });
  const smallTexts = least => all('svg').flatMap(svg => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return all('text', svg).filter(text => parseFloat(getComputedStyle(text).fontSize) * scale < least).map(name);
  });
  const boxes = selector => all(selector).map(element => {
    const box = element.getBoundingClientRect();
    return [name(element), box.left + scrollX, box.top + scrollY, box.width, box.height];
  });

  const names = selector => all(selector).map(element => element.id);
  const repeatedIds = () => names('[id]').filter((id, i, ids) => ids.indexOf(id) !== i);
  const anchorOf = link => document.getElementById(decodeURIComponent(link.getAttribute('href').slice(1)));
  const deadAnchors = () => all('a[href^="#"]').filter(link => !anchorOf(link)).map(name);
  const linkedFiles = () => all('a[href]:not([href^="#"])').map(link => decodeURI(link.getAttribute('href')));
  const runLinks = () => all('td a[href^="#run-"]').map(link => [link.textContent, anchorOf(link).cells[0].textContent]);
  const isVisible = element => {
    const box = element.getBoundingClientRect();
    return isShown(box) && box.top >= 0 && box.bottom <= innerHeight;
  };

  const valueOf = cell => {
    const copy = cell.cloneNode(true);
    all('small', copy).forEach(small => small.remove());
    return copy.textContent;
  };
  const column = (id, heading) => {
    const table = document.getElementById(id).querySelector('table');
    const place = [...table.tHead.rows[0].cells].findIndex(cell => cell.textContent.includes(heading));
    return [place, [...table.tBodies[0].rows].map(row => valueOf(row.cells[place]))];
  };
  // What each figure would save: {id: text}. Links are kept from being followed.
  const offered = async () => {
    const make = URL.createObjectURL, click = HTMLAnchorElement.prototype.click;
    const saved = {};
    let blob = null;
    URL.createObjectURL = given => { blob = given; return '#'; };
    HTMLAnchorElement.prototype.click = () => {};
    for (const button of all('button.data')) {
      button.click();
      saved[button.closest('figure').id] = await blob.text();
    }
    URL.createObjectURL = make;
    HTMLAnchorElement.prototype.click = click;
    return saved;
  };

  const numbersOf = colour => colour.match(/[\d.]+/g).map(Number);
  // Relative luminance and contrast as WCAG 2 defines them.
  const luminance = colour => {
    const [r, g, b] = numbersOf(colour).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const isOpaque = colour => { const [, , , alpha] = numbersOf(colour); return alpha === undefined || alpha === 1; };
  const paperOf = element => {
    for (let e = element; e; e = e.parentElement)
      if (isOpaque(getComputedStyle(e).backgroundColor)) return getComputedStyle(e).backgroundColor;
    return 'rgb(255, 255, 255)';
  };
  const inkOf = element => element instanceof SVGElement ? getComputedStyle(element).fill : getComputedStyle(element).color;
  const faintTexts = least => all('body *').filter(element => {
    const own = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!own || !isShown(element.getBoundingClientRect())) return false;
    return contrast(inkOf(element), paperOf(element)) < least;
  }).map(name);
  const isDark = () => luminance(getComputedStyle(document.body).backgroundColor) < 0.5;
  const clippedTables = () => all('table').filter(table => table.getBoundingClientRect().right > innerWidth + 1).map(name);

  return { tooWide, overlaps, crowdedTexts, smallTexts, boxes, names, repeatedIds, deadAnchors, linkedFiles, runLinks, isVisible,
           column, offered, faintTexts, isDark, clippedTables };
})();
