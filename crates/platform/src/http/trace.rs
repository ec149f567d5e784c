//! Traces by W3C Trace Context: a caller's goes on in our log and in what we send.
//!
//! A request that comes with a `traceparent` and without an `X-Request-Id` has its trace's id as its own id, which the audit
//! trail keeps. So a webhook knows the trace of what it tells, without a column of its own.

use std::str;

/// The id of the trace that a `traceparent` names; none when it is malformed.
pub fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.splitn(5, '-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let more = parts.next();
    let is_hex = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_sound = is_hex(version, 2)
        && version != "ff"
        && is_hex(parent, 16)
        && !is_zero(parent)
        && is_hex(flags, 2)
        // Later versions may add to it, the first has nothing to add.
        && (version != "00" || more.is_none());
    (is_sound && is_trace_id(trace)).then_some(trace)
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

/// Whether a text is the id of a trace: 32 hexadecimal digits, not all of them 0.
fn is_trace_id(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 32 && text.bytes().all(is_digit) && !is_zero(text)
}

/// The `traceparent` of what is sent on account of a request: its trace, and a new part of it. None for a request whose id is
/// no trace's.
pub fn onward(request_id: &str) -> Option<String> {
    let part = uuid::Uuid::now_v7().as_u64_pair().1;
    is_trace_id(request_id).then(|| format!("00-{request_id}-{part:016x}-01"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_trace_is_read_and_a_malformed_one_is_none() {
        let sound = format!("00-{TRACE}-00f067aa0ba902b7-01");
        assert_eq!(trace_id(&sound), Some(TRACE));
        assert_eq!(
            trace_id(&format!("cc-{TRACE}-00f067aa0ba902b7-01-more")),
            Some(TRACE)
        );
        for wrong in [
            "",
            "00",
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            &format!("00-{TRACE}0-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7"),
        ] {
            assert_eq!(trace_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_sent_is_another_part_of_the_trace() {
        let (one, other) = (onward(TRACE).unwrap(), onward(TRACE).unwrap());
        assert_eq!(trace_id(&one), Some(TRACE));
        assert_ne!(one, other);
        assert_eq!(onward("order-4711"), None);
    }
}
