//! From a terminal's events to the app's messages.

use crossterm::event::{
    Event, KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent as Moved, MouseEventKind,
};

use crate::app::{KeyCode, KeyPress, Message, MouseEvent, MouseKind};

/// What an event means for the app; nothing for events it does not know (a released key, focus).
pub(super) fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) => key_press(key).map(Message::Key),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(width, height) => Some(Message::Resize { width, height }),
        Event::Mouse(moved) => mouse_event(moved).map(Message::Mouse),
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn mouse_event(moved: Moved) -> Option<MouseEvent> {
    let kind = match moved.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseKind::Click,
        MouseEventKind::ScrollUp => MouseKind::WheelUp,
        MouseEventKind::ScrollDown => MouseKind::WheelDown,
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => return None,
    };
    let (x, y) = (moved.column, moved.row);
    Some(MouseEvent { kind, x, y })
}

/// Terminals with the kitty protocol also send releases, and say shift of a letter that is upper case already.
fn key_press(key: KeyEvent) -> Option<KeyPress> {
    match key.kind {
        KeyEventKind::Press | KeyEventKind::Repeat => {}
        KeyEventKind::Release => return None,
    }
    let held = |modifier| key.modifiers.contains(modifier);
    let (ctrl, shift) = (held(KeyModifiers::CONTROL), held(KeyModifiers::SHIFT));
    let alt = held(KeyModifiers::ALT) || held(KeyModifiers::META);
    let code = key_code(key.code, ctrl, shift)?;
    Some(KeyPress {
        code,
        ctrl,
        alt,
        shift: shift && !matches!(code, KeyCode::Char(_) | KeyCode::BackTab),
    })
}

fn key_code(code: Code, ctrl: bool, shift: bool) -> Option<KeyCode> {
    Some(match code {
        Code::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
        Code::Char(c) if shift => KeyCode::Char(c.to_ascii_uppercase()),
        Code::Char(c) => KeyCode::Char(c),
        Code::Enter => KeyCode::Enter,
        Code::Esc => KeyCode::Esc,
        Code::Tab if shift => KeyCode::BackTab,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => KeyCode::BackTab,
        Code::Backspace => KeyCode::Backspace,
        Code::Delete => KeyCode::Delete,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::F(number) => KeyCode::F(number),
        Code::Insert
        | Code::Null
        | Code::CapsLock
        | Code::ScrollLock
        | Code::NumLock
        | Code::PrintScreen
        | Code::Pause
        | Code::Menu
        | Code::KeypadBegin
        | Code::Media(_)
        | Code::Modifier(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: Code, modifiers: KeyModifiers) -> Option<KeyPress> {
        key_press(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn a_letter_says_its_shift_by_its_case() {
        let upper = Some(KeyPress::char('G'));
        assert_eq!(pressed(Code::Char('G'), KeyModifiers::SHIFT), upper);
        assert_eq!(pressed(Code::Char('g'), KeyModifiers::SHIFT), upper);
        assert_eq!(pressed(Code::Char('G'), KeyModifiers::NONE), upper);
    }

    #[test]
    fn control_comes_with_a_small_letter() {
        let keys = KeyModifiers::CONTROL | KeyModifiers::SHIFT;
        assert_eq!(pressed(Code::Char('F'), keys), Some(KeyPress::ctrl('f')));
    }

    #[test]
    fn shift_tab_is_one_key_however_it_is_sent() {
        let back = Some(KeyPress::plain(KeyCode::BackTab));
        assert_eq!(pressed(Code::BackTab, KeyModifiers::SHIFT), back);
        assert_eq!(pressed(Code::Tab, KeyModifiers::SHIFT), back);
    }

    #[test]
    fn a_released_key_is_no_key() {
        let key = KeyEvent::new_with_kind(Code::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(message(Event::Key(key)), None);
    }

    #[test]
    fn a_click_is_the_left_button_going_down() {
        let told = |kind| {
            let moved = Moved {
                kind,
                column: 7,
                row: 3,
                modifiers: KeyModifiers::NONE,
            };
            message(Event::Mouse(moved))
        };
        let click = MouseEvent {
            kind: MouseKind::Click,
            x: 7,
            y: 3,
        };
        let pressed = told(MouseEventKind::Down(MouseButton::Left));
        assert_eq!(pressed, Some(Message::Mouse(click)));
        assert_eq!(told(MouseEventKind::Up(MouseButton::Left)), None);
        assert_eq!(told(MouseEventKind::Down(MouseButton::Right)), None);
    }

    #[test]
    fn pasted_text_never_becomes_keys() {
        assert_eq!(message(Event::Paste("q".into())), Some(Message::Paste("q".into())));
    }
}
