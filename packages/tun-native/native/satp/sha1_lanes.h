// Which message sits in which lane: lanes run together through as many blocks as the shortest has left, then those
// that are done give their lane to the next message. So packets of different lengths keep all lanes busy.
#pragma once

#if defined(__x86_64__)

#include "secret_bytes.h"
#include "sha1_lane_rounds.h"

namespace tun_native {

namespace {

// `Widths` says how so many messages are best hashed:
//
//   kSlots                                           lanes that it can use at once
//   kFewest                                          with fewer messages than this, lanes are not worth it
//   static int32_t lanes(int32_t active);            how many lanes compress() uses for so many messages
//   static void compress(Sha1LaneState*, const uint8_t* const* data, int32_t active, uint32_t blocks);
//   static void finish(Sha1Job** jobs, int32_t count);   hashes fewer than kFewest messages to their ends
template <typename Widths>
class Sha1Lanes {
 public:
  // Hashes all jobs to their ends. `jobs` is used up.
  static void hash(Sha1Job** jobs, int32_t count) {
    if (count < Widths::kFewest) return Widths::finish(jobs, count);
    Sha1Lanes lanes;
    int32_t next = 0;
    for (;;) {
      while (lanes.active_ < Widths::kSlots && next < count) lanes.enter(jobs[next++]);
      if (lanes.active_ < Widths::kFewest) break;
      lanes.step();
    }
    Sha1Job* rest[Widths::kFewest];
    const int32_t left = lanes.leave(rest);
    wipe(&lanes.group_, sizeof lanes.group_);
    Widths::finish(rest, left);
  }

 private:
  // Lanes in use are those below active_. The others repeat the data of lane 0, whose results nobody reads.
  void enter(Sha1Job* job) {
    const int32_t lane = active_++;
    jobs_[lane] = job;
    data_[lane] = job->data;
    for (int i = 0; i < kShaStateWords; i++) *word(i, lane) = job->state[i];
  }

  void step() {
    uint32_t blocks = jobs_[0]->blocks;
    for (int32_t lane = 1; lane < active_; lane++) {
      if (jobs_[lane]->blocks < blocks) blocks = jobs_[lane]->blocks;
    }
    const int32_t lanes = Widths::lanes(active_);
    for (int32_t lane = active_; lane < lanes; lane++) data_[lane] = data_[0];
    Widths::compress(&group_, data_, active_, blocks);
    for (int32_t lane = active_ - 1; lane >= 0; lane--) {
      if (jobs_[lane]->advance(blocks)) {
        data_[lane] = jobs_[lane]->data;
      } else {
        saveState(lane);
        move(--active_, lane);
      }
    }
  }

  void saveState(int32_t lane) {
    for (int i = 0; i < kShaStateWords; i++) jobs_[lane]->state[i] = *word(i, lane);
  }

  void move(int32_t from, int32_t to) {
    if (from == to) return;
    jobs_[to] = jobs_[from];
    data_[to] = data_[from];
    for (int i = 0; i < kShaStateWords; i++) *word(i, to) = *word(i, from);
  }

  int32_t leave(Sha1Job** jobs) {
    for (int32_t lane = 0; lane < active_; lane++) {
      saveState(lane);
      jobs[lane] = jobs_[lane];
    }
    return active_;
  }

  uint32_t* word(int i, int32_t lane) { return &group_.word[i][lane]; }

  Sha1LaneState group_;
  Sha1Job* jobs_[Widths::kSlots];
  const uint8_t* data_[Widths::kSlots];
  int32_t active_ = 0;
};

// Up to eight lanes. `Rest` hashes what is too little for them, fewer than `kLeast` messages.
template <int32_t kLeast, void (*Rest)(Sha1Job** jobs, int32_t count)>
struct EightWidths {
  static constexpr int32_t kSlots = 8;
  static constexpr int32_t kFewest = kLeast;

  static int32_t lanes(int32_t active) { return active <= 4 ? 4 : 8; }

  static void compress(Sha1LaneState* group, const uint8_t* const* data, int32_t active, uint32_t blocks) {
    if (active <= 4) return compressLanes<Lanes4>(group, data, blocks);
    compressLanes<Lanes8>(group, data, blocks);
  }

  static void finish(Sha1Job** jobs, int32_t count) { Rest(jobs, count); }
};

}  // namespace

}  // namespace tun_native

#endif
