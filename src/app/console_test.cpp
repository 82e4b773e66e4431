#include "app/console.hpp"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

service::StateChange change_of(const alert::Event& event) {
  service::StateChange change;
  change.monitor = event.monitor;
  change.at = from_unix_ms(1'795'250'912'007);
  change.event = &event;
  return change;
}

TEST(Console, AChangeSaysFromWhatToWhatAndWhy) {
  service::StateChange change;
  change.monitor = "checkout";
  change.from = alert::State::up;
  change.to = alert::State::down;
  change.at = from_unix_ms(1'795'250'912'007);
  change.message = "connection refused";
  EXPECT_EQ(change_line(change, false), "08:48:32  checkout  up -> down  connection refused\n");
}

TEST(Console, ATroubleOfOurOwnHasNoStatesButAMessage) {
  alert::Event event;
  event.monitor = "tocsin";
  event.kind = "self";
  event.state = "trouble";
  event.message = "channel ops takes nothing";
  EXPECT_EQ(change_line(change_of(event), false),
            "08:48:32  tocsin  trouble  channel ops takes nothing\n");
}

TEST(Console, WhatHappensToAServiceIsASentence) {
  alert::Event event;
  event.monitor = "prod/web";
  event.kind = "ecs";
  event.message = "prod/web: deploying web:2";
  EXPECT_EQ(change_line(change_of(event), false), "08:48:32  prod/web: deploying web:2\n");
}

}  // namespace
}  // namespace tocsin::app
