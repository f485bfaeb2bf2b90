//! The loop's part where the terminal is somebody else's for a while: the shell's, an editor's, a login's.

use std::io;

use super::super::editor;
use super::super::host::leave_in_time;
use super::{End, Ui, input};
use crate::app::Message;
use crate::app::message::Drafted;

impl Ui {
    /// Gives the terminal to the shell and stops, as Ctrl-z does; goes on here after `fg`.
    pub(super) async fn suspend(&mut self) -> io::Result<Option<End>> {
        self.inbox.input = None;
        leave_in_time(&self.tty)?;
        self.expects_continue = true;
        // The whole group, so that a wrapper stops with us. This thread is the process's first: it is stopped before
        // the call returns, unless nobody could wake us again; then the signal does nothing.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        self.return_to_screen().await
    }

    /// Gives the terminal to the person's editor, as to the shell; a key that interrupts is the editor's then.
    pub(super) async fn edit_draft(&mut self, name: String, text: String) -> io::Result<Option<End>> {
        self.inbox.input = None;
        leave_in_time(&self.tty)?;
        let edited = tokio::task::block_in_place(|| editor::edit(&text));
        self.inbox.signals.forget_interrupts();
        let end = self.return_to_screen().await?;
        if end.is_some() {
            return Ok(end);
        }
        let drafted = match edited {
            Ok(edited) if edited == text || edited.trim().is_empty() => Drafted::Unchanged,
            Ok(edited) => self.effects.drafted(name, edited),
            Err(problem) => Drafted::Failed(problem),
        };
        Box::pin(self.tell(Message::Drafted(drafted))).await
    }

    pub(super) async fn log_in(&mut self) -> io::Result<Option<End>> {
        self.inbox.input = None;
        leave_in_time(&self.tty)?;
        let outcome = self.effects.log_in().await;
        let end = self.return_to_screen().await?;
        if end.is_some() {
            return Ok(end);
        }
        match outcome {
            Ok(()) => Ok(None),
            Err(problem) => Box::pin(self.tell(Message::Problem(problem))).await,
        }
    }

    /// Takes the terminal again, which may have another size by now.
    pub(super) async fn return_to_screen(&mut self) -> io::Result<Option<End>> {
        // The old reader first: crossterm's waits for the terminal under a lock that the new one needs.
        self.inbox.input = None;
        self.tty.enter()?;
        self.painter.forget();
        self.inbox.input = Some(input());
        self.measure();
        self.dirty = true;
        let (width, height) = self.size;
        Box::pin(self.tell(Message::Resize { width, height })).await
    }
}
