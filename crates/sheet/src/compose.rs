//! From a dossier to pages: the first with title, plan, fields and title block; then image, photographs, points,
//! buildings, history and notes.

use crate::canvas::{Align, Canvas, Look};
use crate::display::{Colour, Page, Stroke};
use crate::dossier::{Dossier, DossierFault, Orientation, Paper};
use crate::flow::{Cell, Flow, Style};
use crate::font::Fonts;
use crate::ground::{Frame, clipped_line, closed};
use crate::marks::scale_bar;
use crate::plan::{self, Plan, extent};

/// Of text in tables.
const TEXT: f64 = 2.7;
/// Free paper: at the binding, elsewhere, and at the foot, where the page's number stands.
const BINDING: f64 = 20.0;
const MARGIN: f64 = 10.0;
const FOOT: f64 = 14.0;
const TITLE: f64 = 12.0;
const HEAD: f64 = 8.0;
const BLOCK: f64 = 18.0;
const LABEL: f64 = 0.16;
/// Of the scale below an ortho-image; and all that stands there: eight lines of its caption, and the scale.
const SCALE: [f64; 2] = [80.0, 10.0];
const BELOW_ORTHO: f64 = 45.0;
const FRAME: Stroke = Stroke::solid(Colour::BLACK, 0.5);
const THIN: Stroke = Stroke::solid(Colour::BLACK, 0.2);

/// The pages of a dossier.
///
/// # Errors
/// When a coordinate is none, or there is more than a sheet can hold.
pub fn pages(
    dossier: &Dossier,
    paper: Paper,
    orientation: Orientation,
    fonts: &Fonts,
) -> Result<Vec<Page>, DossierFault> {
    dossier.check()?;
    let is_upright = match orientation {
        Orientation::Portrait => true,
        Orientation::Landscape => false,
        Orientation::Fitting => extent(dossier)
            .is_none_or(|[west, south, east, north]| east - west <= 1.25 * (north - south)),
    };
    let size = paper.size(is_upright);
    let frame = match is_upright {
        true => [BINDING, MARGIN, size[0] - MARGIN, size[1] - FOOT],
        false => [MARGIN, BINDING, size[0] - MARGIN, size[1] - FOOT],
    };
    let heading = format!("{}（续）　{}", dossier.title, dossier.number);
    let style = Style { size, frame, text: TEXT, heading, watermark: dossier.watermark.clone() };
    let mut flow = Flow::new(style, fonts);
    let rest = first_page(&mut flow, dossier, frame, is_upright);
    further(&mut flow, dossier, &rest);
    Ok(flow.finish())
}

/// The first page; what its title block had no room for.
fn first_page(flow: &mut Flow<'_>, dossier: &Dossier, frame: Frame, is_upright: bool) -> String {
    let [left, top, right, bottom] = frame;
    let canvas = &mut flow.canvas;
    let (size, lines) = canvas.fitted(&dossier.title, [right - left, TITLE], 6.5);
    let high = lines.len() as f64 * size * 1.4;
    let middle = [f64::midpoint(left, right), top + (TITLE - high).max(0.0) / 2.0];
    let below = canvas.lines(&lines, middle, Align::Centre, Look::body(size)).max(top + TITLE);
    let below = head(canvas, dossier, [left, below, right, below + HEAD]);
    let rows = fields(dossier);
    let (plan_frame, room, block) = if is_upright {
        flow.room = [left, below, right, bottom - BLOCK];
        let most = (bottom - BLOCK - below) * 0.36;
        let mut table = 0.0;
        for row in paired(&rows) {
            let height = flow.row_height(&row);
            if table + height > most {
                break;
            }
            table += height;
        }
        let split = bottom - BLOCK - table;
        (
            [left, below, right, split],
            [left, split, right, bottom - BLOCK],
            [left, bottom - BLOCK, right, bottom],
        )
    } else {
        let split = left + (right - left) * 0.66;
        let tall = BLOCK * 2.0;
        (
            [left, below, split, bottom],
            [split, below, right, bottom - tall],
            [split, bottom - tall, right, bottom],
        )
    };
    let plan = plan::draw(&mut flow.canvas, dossier, plan_frame);
    let rest = title_block(&mut flow.canvas, dossier, &plan, block);
    let canvas = &mut flow.canvas;
    canvas.rectangle([left, top + TITLE, right - left, bottom - top - TITLE], None, Some(FRAME));
    flow.room = room;
    let columns = if is_upright { paired(&rows) } else { single(&rows) };
    for row in columns {
        flow.row(&row, None);
    }
    rest
}

/// Number, address and places in series and grid, in cells below the title.
fn head(canvas: &mut Canvas<'_>, dossier: &Dossier, [left, top, right, bottom]: Frame) -> f64 {
    let mut sheet = dossier.sheet_number.clone();
    if !dossier.grid.is_empty() {
        sheet = [sheet, dossier.grid.clone()].join(" ").trim().to_owned();
    }
    let cells =
        [("编号", &dossier.number, 0.36), ("名称", &dossier.name, 0.36), ("图幅", &sheet, 0.28)];
    let width = right - left;
    let fitted: Vec<(f64, Vec<String>)> = cells
        .iter()
        .map(|(label, text, share)| {
            canvas.fitted(
                &format!("{label}：{text}"),
                [width * share - 2.0, bottom - top - 1.0],
                3.0,
            )
        })
        .collect();
    // At the smallest size a long text takes more lines: the row grows, nothing is cut.
    let tallest =
        fitted.iter().map(|(size, lines)| size * 1.4 * lines.len() as f64).fold(0.0, f64::max);
    let bottom = bottom.max(top + tallest + 1.0);
    let mut at = left;
    for ((size, lines), (.., share)) in fitted.iter().zip(cells) {
        canvas.rectangle([at, top, width * share, bottom - top], None, Some(THIN));
        let high = size * 1.4 * lines.len() as f64;
        let from = [at + 1.0, f64::midpoint(top, bottom) - high / 2.0];
        canvas.lines(lines, from, Align::Left, Look::body(*size));
        at += width * share;
    }
    bottom
}

/// The fields, and those that no plan shows whole.
fn fields(dossier: &Dossier) -> Vec<(String, String)> {
    let bounds = &dossier.bounds;
    let sides = [
        ("北至", &bounds.north),
        ("东至", &bounds.east),
        ("南至", &bounds.south),
        ("西至", &bounds.west),
    ];
    let sides = sides.into_iter().filter(|(_, text)| !text.is_empty());
    let sides = sides.map(|(label, text)| (label.to_owned(), text.clone()));
    dossier.fields.iter().cloned().chain(sides).collect()
}

/// Two fields a row; one whose text is long has the row to itself.
fn paired(fields: &[(String, String)]) -> Vec<Vec<Cell<'_>>> {
    const LONG: usize = 44;
    let mut rows: Vec<Vec<Cell<'_>>> = Vec::new();
    let mut has_room = false;
    for (label, text) in fields {
        let is_long = text.chars().count() > LONG;
        let cells = [(label.as_str(), true, LABEL), (text.as_str(), false, 0.5 - LABEL)];
        match rows.last_mut().filter(|_| has_room && !is_long) {
            Some(row) => {
                row.extend(cells);
                has_room = false;
            }
            None => {
                rows.push(cells.to_vec());
                has_room = !is_long;
            }
        }
    }
    // What stands alone takes the whole width.
    for row in rows.iter_mut().filter(|row| row.len() == 2) {
        row[1].2 = 1.0 - LABEL;
    }
    rows
}

fn single(fields: &[(String, String)]) -> Vec<Vec<Cell<'_>>> {
    fields
        .iter()
        .map(|(label, text)| vec![(label.as_str(), true, 0.32), (text.as_str(), false, 0.68)])
        .collect()
}

/// Scale with its bar, CRS, author and day; the text that found no room.
fn title_block(
    canvas: &mut Canvas<'_>,
    dossier: &Dossier,
    plan: &Plan,
    [left, top, right, bottom]: Frame,
) -> String {
    canvas.rectangle([left, top, right - left, bottom - top], Some(Colour::WHITE), Some(THIN));
    let is_wide = right - left > 3.0 * (bottom - top);
    let (first, second) = if is_wide {
        let split = left + (right - left) * 0.44;
        ([left, top, split, bottom], [split, top, right, bottom])
    } else {
        let split = f64::midpoint(top, bottom);
        ([left, top, right, split], [left, split, right, bottom])
    };
    if let Some(scale) = plan.scale {
        scale_bar(canvas, scale, first);
    }
    canvas.rectangle(
        [second[0], second[1], second[2] - second[0], second[3] - second[1]],
        None,
        Some(THIN),
    );
    let mut texts = vec![format!("坐标系：{}　单位：米", dossier.crs)];
    let made = [("绘制", &dossier.author), ("日期", &dossier.date)];
    let made = made.into_iter().filter(|(_, text)| !text.is_empty());
    texts.push(made.map(|(label, text)| format!("{label}：{text}")).collect::<Vec<_>>().join("　"));
    if plan.unlabelled > 0 {
        texts.push(format!("有 {} 处界址点号、边长未注于图，见界址点成果表。", plan.unlabelled));
    }
    if plan.unnamed > 0 {
        texts.push(format!("有 {} 幢建筑未注于图，见建筑表。", plan.unnamed));
    }
    let text = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
    let room = [second[2] - second[0] - 3.0, second[3] - second[1] - 1.0];
    let (size, lines) = canvas.fitted(&text, room, 2.7);
    let most = ((room[1] + 0.5) / (size * 1.4)) as usize;
    let (shown, rest) = lines.split_at(lines.len().min(most));
    let high = size * 1.4 * shown.len() as f64;
    let from = [second[0] + 1.5, f64::midpoint(second[1], second[3]) - high / 2.0];
    canvas.lines(shown, from, Align::Left, Look::body(size));
    rest.concat()
}

/// What goes on behind the plan.
fn further(flow: &mut Flow<'_>, dossier: &Dossier, rest: &str) {
    let has_more = dossier.ortho.is_some()
        || !dossier.photos.is_empty()
        || !dossier.boundary.is_empty()
        || !dossier.buildings.is_empty()
        || dossier.listings.iter().any(|one| !one.rows.is_empty())
        || !dossier.notes.is_empty()
        || !rest.is_empty();
    if !has_more {
        return;
    }
    // Fields may have gone on on a second page.
    match flow.pages() {
        1 => flow.break_page(),
        _ => flow.room[1] += 2.0,
    }
    let width = flow.room[2] - flow.room[0];
    let columns = ((width / 85.0) as usize).max(1);
    if let Some(ortho) = &dossier.ortho {
        let height = (flow.room[3] - MARGIN) * 0.36;
        flow.title("影像图", height + BELOW_ORTHO);
        let drawn = flow.images(&[(&ortho.image, &ortho.caption)], height, 1);
        for frame in drawn {
            outline(&mut flow.canvas, dossier, ortho.extent, frame);
            let [left, top, ..] = flow.room;
            let scale = (ortho.extent[2] - ortho.extent[0]) / (frame[2] - frame[0]) * 1000.0;
            if scale.is_finite() && scale > 0.0 {
                let middle = left + (width - SCALE[0]) / 2.0;
                let bar = [middle, top, middle + SCALE[0], top + SCALE[1]];
                scale_bar(&mut flow.canvas, scale, bar);
                flow.room[1] += SCALE[1];
            }
        }
    }
    if !dossier.photos.is_empty() {
        let height = (width / columns as f64 * 0.75).min(70.0);
        flow.title("现场照片", height);
        let photos: Vec<_> =
            dossier.photos.iter().map(|one| (&one.image, one.caption.as_str())).collect();
        flow.images(&photos, height, columns);
    }
    building_table(flow, dossier);
    for listing in dossier.listings.iter().filter(|one| !one.rows.is_empty()) {
        flow.table(&listing.title, &listing.columns, &listing.rows);
    }
    boundary_table(flow, dossier);
    if !dossier.notes.is_empty() || !rest.is_empty() {
        flow.title("说明", 6.0);
        if !rest.is_empty() {
            flow.note(&format!("图签续：{rest}"));
        }
        dossier.notes.iter().for_each(|note| flow.note(note));
    }
}

/// The subject's outline over an image of the ground.
fn outline(canvas: &mut Canvas<'_>, dossier: &Dossier, extent: [f64; 4], frame: Frame) {
    let [west, south, east, north] = extent;
    if east <= west || north <= south {
        return;
    }
    let place = |[x, y]: [f64; 2]| {
        [
            frame[0] + (x - west) / (east - west) * (frame[2] - frame[0]),
            frame[1] + (north - y) / (north - south) * (frame[3] - frame[1]),
        ]
    };
    let rings =
        dossier.areas.iter().flat_map(|one| std::iter::once(&one.exterior).chain(&one.holes));
    for ring in rings {
        let ring: Vec<_> = ring.iter().map(|at| place(*at)).collect();
        canvas.shape(
            clipped_line(&closed(&ring), frame),
            false,
            None,
            Some(Stroke::solid(Colour::RED, 0.5)),
        );
    }
}

fn columns(named: &[(&str, f64)]) -> Vec<(String, f64)> {
    named.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect()
}

fn building_table(flow: &mut Flow<'_>, dossier: &Dossier) {
    if dossier.buildings.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = dossier
        .buildings
        .iter()
        .map(|one| vec![one.label.clone(), one.structure.clone(), one.area.clone()])
        .collect();
    flow.table("建筑", &columns(&[("幢号", 2.0), ("结构与层数", 2.0), ("面积", 1.5)]), &rows);
}

/// Points with coordinates as surveys print them: X is north. The length is that to the next point of the ring.
fn boundary_table(flow: &mut Flow<'_>, dossier: &Dossier) {
    if dossier.boundary.is_empty() {
        return;
    }
    let has_degrees = dossier.boundary.iter().any(|one| one.lon_lat.is_some());
    let mut heads =
        vec![("点号", 1.0), ("X（北，米）", 2.0), ("Y（东，米）", 2.0), ("至下一点（米）", 1.6)];
    if has_degrees {
        heads.extend([("经度（度）", 2.0), ("纬度（度）", 2.0)]);
    }
    let mut rows = Vec::with_capacity(dossier.boundary.len());
    for ring in dossier.boundary.chunk_by(|a, b| a.ring == b.ring) {
        for (at, point) in ring.iter().enumerate() {
            let next = &ring[(at + 1) % ring.len()];
            let mut row = vec![
                point.name.clone(),
                format!("{:.3}", point.at[1]),
                format!("{:.3}", point.at[0]),
                format!("{:.2}（{}）", point.length, next.name),
            ];
            if has_degrees {
                let degrees = |axis: usize| {
                    point.lon_lat.map_or(String::new(), |at| format!("{:.8}", at[axis]))
                };
                row.extend([degrees(0), degrees(1)]);
            }
            rows.push(row);
        }
    }
    // Many points stand two in a row where there is room.
    if rows.len() > 24 && !has_degrees {
        heads.extend(heads.clone());
        rows = rows.chunks(2).map(<[_]>::concat).collect();
    }
    flow.table("界址点成果表", &columns(&heads), &rows);
}
