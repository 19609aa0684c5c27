//! Test kit: images, trees and archives built in memory.
