//! Part of gort: channels.
