use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::signalr::protocol::Frame;

/// What waits to be written to one client, bounded in bytes and messages. Adding never waits.
#[derive(Debug)]
pub struct SendQueue {
    queue: Mutex<Queue>,
    wake: Notify,
    maximum_bytes: usize,
    maximum_messages: usize,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
    held: bool,
    finished: bool,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It will be written.
    Queued,
    /// The connection is closing: it was dropped.
    Finished,
    /// The client is too slow: it was dropped.
    Full,
}

impl SendQueue {
    /// An empty queue. Nothing is written until [`Self::release`], so that a client is answered
    /// only when it can be reached.
    pub fn new(maximum_bytes: usize, maximum_messages: usize) -> Self {
        let queue = Queue { held: true, ..Queue::default() };
        Self { queue: Mutex::new(queue), wake: Notify::new(), maximum_bytes, maximum_messages }
    }

    /// Adds a frame. A single frame longer than the bound passes if nothing else waits.
    pub fn push(&self, frame: Frame) -> Pushed {
        let mut queue = self.lock();
        if queue.finished {
            return Pushed::Finished;
        }
        let too_many = queue.frames.len() >= self.maximum_messages;
        let too_much = queue.bytes + frame.len() > self.maximum_bytes && !queue.frames.is_empty();
        if too_many || too_much {
            return Pushed::Full;
        }
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        let idle = queue.frames.len() == 1 && !queue.held;
        drop(queue);
        if idle {
            self.wake.notify_one();
        }
        Pushed::Queued
    }

    /// Lets the writer begin.
    pub fn release(&self) {
        self.lock().held = false;
        self.wake.notify_one();
    }

    /// Takes no more; `last` is written behind what is queued, or instead of it if `discard` is
    /// set.
    pub fn finish(&self, last: Option<Frame>, discard: bool) {
        let mut queue = self.lock();
        if queue.finished {
            return;
        }
        if discard {
            queue.frames.clear();
        }
        queue.frames.extend(last);
        queue.finished = true;
        queue.held = false;
        drop(queue);
        self.wake.notify_one();
    }

    /// Waits for the next frame; `None` when the queue is finished and empty. For one reader.
    pub async fn next(&self) -> Option<Frame> {
        loop {
            {
                let mut queue = self.lock();
                if !queue.held {
                    if let Some(frame) = queue.frames.pop_front() {
                        queue.bytes = queue.bytes.saturating_sub(frame.len());
                        return Some(frame);
                    }
                    if queue.finished {
                        return None;
                    }
                }
            }
            // A wake-up between the check and this wait is kept by the Notify.
            self.wake.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Frame {
        Frame::Text("x".repeat(length).into())
    }

    #[tokio::test]
    async fn frames_leave_in_order_once_released() {
        let send_queue = SendQueue::new(100, 10);
        assert_eq!(send_queue.push(frame(1)), Pushed::Queued);
        assert_eq!(send_queue.push(frame(2)), Pushed::Queued);
        assert!(futures_util::FutureExt::now_or_never(send_queue.next()).is_none(), "held");
        send_queue.release();
        assert_eq!(send_queue.next().await, Some(frame(1)));
        send_queue.finish(Some(frame(3)), false);
        assert_eq!(send_queue.push(frame(4)), Pushed::Finished);
        assert_eq!(send_queue.next().await, Some(frame(2)));
        assert_eq!(send_queue.next().await, Some(frame(3)));
        assert_eq!(send_queue.next().await, None);
    }

    #[tokio::test]
    async fn both_bounds_hold_and_room_comes_back() {
        let send_queue = SendQueue::new(10, 3);
        send_queue.release();
        assert_eq!(send_queue.push(frame(8)), Pushed::Queued);
        assert_eq!(send_queue.push(frame(3)), Pushed::Full);
        assert_eq!(send_queue.push(frame(1)), Pushed::Queued);
        assert_eq!(send_queue.push(frame(1)), Pushed::Queued);
        assert_eq!(send_queue.push(frame(0)), Pushed::Full);
        send_queue.next().await;
        assert_eq!(send_queue.push(frame(8)), Pushed::Queued);
        send_queue.finish(None, true);
        assert_eq!(send_queue.next().await, None);
    }

    #[test]
    fn one_large_frame_passes_an_empty_queue() {
        let send_queue = SendQueue::new(10, 3);
        assert_eq!(send_queue.push(frame(11)), Pushed::Queued);
        assert_eq!(send_queue.push(frame(0)), Pushed::Full);
    }
}
