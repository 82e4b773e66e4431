#pragma once
// A body for Beast's parser of which only the beginning is kept: what follows is read and dropped,
// so that a client that sends more is still answered. Internal to web/http.

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional/optional.hpp>
#include <cstdint>
#include <limits>
#include <string>

namespace tocsin::web::http {

// The names are those that Beast asks for.
// NOLINTBEGIN(readability-identifier-naming)
struct ClippedBody {
  struct value_type {
    std::string text;
    std::uint64_t keep = std::numeric_limits<std::uint64_t>::max();
  };

  class reader {
   public:
    template <bool IsRequest, typename Fields>
    reader(boost::beast::http::header<IsRequest, Fields>& /*header*/, value_type& body)
        : body_(body) {}
    void init(const boost::optional<std::uint64_t>& /*length*/, boost::system::error_code& error) {
      error = {};
    }
    template <typename Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      for (const boost::asio::const_buffer part : boost::beast::buffers_range_ref(buffers)) {
        const std::uint64_t room =
            body_.keep - std::min<std::uint64_t>(body_.text.size(), body_.keep);
        body_.text.append(static_cast<const char*>(part.data()),
                          static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), room)));
      }
      return boost::asio::buffer_size(buffers);
    }
    void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};
// NOLINTEND(readability-identifier-naming)

}  // namespace tocsin::web::http
