# The smallest Rails application.
require "rails"
require "action_controller/railtie"
class Application < Rails::Application
  config.eager_load = false
  config.secret_key_base = "0" * 64
  config.logger = Logger.new(nil)
  config.hosts.clear
end
