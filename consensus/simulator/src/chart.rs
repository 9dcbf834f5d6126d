//! Line charts as SVG.

use anyhow::{anyhow, Result};
use plotters::prelude::{
	ChartBuilder, Color, IntoDrawingArea, IntoFont, LineSeries, PathElement, RGBColor, SVGBackend, BLACK,
	WHITE,
};

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
	/// Its name in the legend.
	pub name: String,
	/// Its points, by rising x.
	pub points: Vec<(f64, f64)>,
}

/// Colours that differ also for the colour-blind (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
	RGBColor(0, 114, 178),
	RGBColor(213, 94, 0),
	RGBColor(0, 158, 115),
	RGBColor(204, 121, 167),
	RGBColor(86, 180, 233),
	RGBColor(230, 159, 0),
];

/// Draws lines; `horizontal` and `vertical` name the axes, of which the vertical one begins at 0.
///
/// # Errors
///
/// If the drawing library fails.
pub fn draw(title: &str, horizontal: &str, vertical: &str, lines: &[Line]) -> Result<String> {
	let points = || lines.iter().flat_map(|line| &line.points);
	let left = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
	let right = points().map(|point| point.0).fold(0.0, f64::max);
	let top = points().map(|point| point.1).fold(0.0, f64::max) * 1.1;
	let (left, right) = if left < right {
		(left, right)
	} else {
		(0.0, right.max(1.0))
	};
	let top = if top > 0.0 { top } else { 1.0 };
	let mut svg = String::new();
	let failed = |error: &dyn std::fmt::Display| anyhow!("chart {title:?}: {error}");
	{
		let area = SVGBackend::with_string(&mut svg, (720, 440)).into_drawing_area();
		area.fill(&WHITE).map_err(|error| failed(&error))?;
		let mut chart = ChartBuilder::on(&area)
			.caption(title, ("sans-serif", 18).into_font())
			.margin(12)
			.x_label_area_size(40)
			.y_label_area_size(70)
			.build_cartesian_2d(left..right, 0.0..top)
			.map_err(|error| failed(&error))?;
		chart
			.configure_mesh()
			.x_desc(horizontal)
			.y_desc(vertical)
			.x_label_formatter(&|x| format!("{x:.0}"))
			.draw()
			.map_err(|error| failed(&error))?;
		for (line, colour) in lines.iter().zip(COLOURS.into_iter().cycle()) {
			let style = colour.stroke_width(2);
			chart
				.draw_series(LineSeries::new(line.points.iter().copied(), style).point_size(3))
				.map_err(|error| failed(&error))?
				.label(&line.name)
				.legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 20, y)], style));
		}
		chart
			.configure_series_labels()
			.background_style(WHITE.mix(0.8))
			.border_style(BLACK)
			.draw()
			.map_err(|error| failed(&error))?;
		area.present().map_err(|error| failed(&error))?;
	}
	Ok(svg)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_chart_has_its_lines_and_names() {
		let line = |name: &str, factor: f64| Line {
			name: name.into(),
			points: (1..=10)
				.map(|tens| (tens as f64 * 10.0, factor / tens as f64))
				.collect(),
		};
		let svg = draw(
			"Throughput",
			"authorities",
			"MB/s",
			&[line("Raft", 12.0), line("PBFT", 9.0)],
		)
		.expect("a chart");
		assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
		for text in ["Throughput", "MB/s", "Raft", "PBFT", "authorities"] {
			assert!(svg.contains(text), "{text}");
		}
		assert_eq!(
			svg.matches("<polyline").count(),
			2 + 2 + axes(&svg),
			"a line and a legend each"
		);
		assert!(draw("nothing", "", "", &[]).is_ok());
	}

	/// Polylines that are not lines of the chart: the two axes and their ticks, all black.
	fn axes(svg: &str) -> usize {
		svg.split("<polyline")
			.skip(1)
			.filter(|part| part.split("/>").next().is_some_and(|p| p.contains("#000000")))
			.count()
	}
}
