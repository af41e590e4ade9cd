//! A picture as an image (PNG), for chats that show images and draw nothing: with title, legend and colours of its own.

use super::Picture;
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};
use std::sync::{Arc, LazyLock};

/// In units of the drawing; an image has twice as many pixels each way, for sharp screens.
const WIDTH: u32 = 720;
const HEIGHT: u32 = 440;
const SCALE: f32 = 2.0;
/// About as many letters of the legend fit into a line.
const A_LINE: usize = 100;

/// The colours of the pages in light: on a dark chat an image is a sheet of paper.
const INK: &str = "<style>\
    text { font-family: \"DejaVu Sans\"; font-size: 13px; fill: #57524a }\
    .title { font-size: 18px; font-weight: bold; fill: #1d1b18 }\
    .floor { stroke: #d3cfc8 } .rule { stroke: #e4e1dc } .label { fill: #6b665e }\
    .as-said { stroke: #6b665e; stroke-dasharray: 5 5 }\
    .path { stroke: #4d86c4; stroke-width: 2 }\
    .spread { stroke: #4d86c4; stroke-width: 5; stroke-linecap: round; opacity: .35 }\
    .dot { fill: #4d86c4; stroke: #ffffff; stroke-width: 1.5 }\
    </style>";

/// The fonts that images are lettered with: those of the program, the same on every machine.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

impl Picture {
    /// The picture as PNG. It takes a core for a while: not for a task that others wait behind. `None` only where it cannot be drawn, which would
    /// be a fault of ours.
    pub fn png(&self) -> Option<Vec<u8>> {
        let options = Options { fontdb: FONTS.clone(), ..Options::default() };
        let tree = Tree::from_str(&self.sheet(), &options).ok()?;
        let pixels = |units: u32| (units as f32 * SCALE) as u32;
        let mut image = Pixmap::new(pixels(WIDTH), pixels(HEIGHT))?;
        resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut image.as_mut());
        image.encode_png().ok()
    }

    /// The drawing on a white sheet, with what stands around it on a page.
    fn sheet(&self) -> String {
        // What is ours has a class, no size and no namespace: here it gets a place.
        let drawing = self.svg.replacen(
            "<svg ",
            &format!("<svg x=\"24\" y=\"56\" width=\"{}\" height=\"{}\" ", WIDTH - 48, HEIGHT - 128),
            1,
        );
        let legend = lines(self.legend).into_iter().enumerate();
        let legend: String = legend
            .map(|(n, line)| format!("<text x=\"24\" y=\"{}\">{line}</text>", HEIGHT as usize - 44 + 20 * n))
            .collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\">{INK}\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\
             <text class=\"title\" x=\"24\" y=\"36\">{}</text>{drawing}{legend}</svg>",
            self.title
        )
    }
}

/// Words in lines of about the same width.
fn lines(words: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in words.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + word.chars().count() >= A_LINE {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
