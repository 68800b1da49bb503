//! Integration tests: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

mod accounts;
mod archives;
mod areas;
mod areas_town;
mod audit;
mod backup;
mod calls;
mod changes;
mod classes;
mod clues;
mod commands;
mod concealed;
mod coordinates;
mod crash;
mod demo;
mod dossier_images;
mod dossiers;
mod edit_conditions;
mod edit_town;
mod editors;
mod edits;
mod enforcement;
mod everyone;
mod evidence;
mod examples;
mod export;
mod export_guard;
mod features;
mod fences;
mod foreign;
mod grids;
mod history;
mod http;
mod import;
mod indicators;
mod interrupted;
mod ledgers;
mod live;
mod matching;
mod meetings;
mod patrols;
mod personal;
mod personal_scan;
mod places;
mod planner;
mod planner_refusals;
mod planner_town;
mod point_commands;
mod points;
mod points_accounts;
mod points_places;
mod points_sheet;
mod points_town;
mod postgis;
mod postgis_areas;
mod qgis_edits;
mod ready;
mod records;
mod roles;
mod running;
mod secrets;
mod sent_by_commands;
mod serving;
mod squares;
mod styles;
mod survey;
mod survey_defects;
mod survey_files;
mod through_server;
mod tidy;
mod tile_labels;
mod tile_selection;
mod tilesets;
mod transactions;
mod vector_tile_server;
mod webhooks;
mod wmts;
mod worklist;
mod worklist_records;
mod xml_tree;
